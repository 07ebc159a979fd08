#!/bin/sh
set -eu
cat >/opt/report.py <<'PYTHON'
"""Reads all sales into memory before it writes the first line."""
import sys
sales = []
while True:
    sales.append(bytearray(1 << 20))
    if len(sales) % 50 == 0:
        print(f"{len(sales)} blocks of sales read", file=sys.stderr, flush=True)
PYTHON
cat >/etc/systemd/system/report-builder.service <<'UNIT'
[Unit]
Description=Daily sales report

[Service]
ExecStart=/usr/bin/python3 /opt/report.py
UNIT
systemctl daemon-reload
now
systemctl start report-builder.service
