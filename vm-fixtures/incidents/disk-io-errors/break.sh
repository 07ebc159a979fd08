#!/bin/sh
set -eu
cat >/opt/export.py <<'PYTHON'
"""Reads the whole archive every five seconds, to send it away."""
import logging
import time
logging.basicConfig(format="%(levelname)s %(message)s")
while True:
    try:
        with open("/srv/archive.db", "rb") as file:
            while file.read(1 << 16):
                pass
    except OSError as error:
        logging.error("export failed: %s: /srv/archive.db", error)
    time.sleep(5)
PYTHON
cat >/etc/systemd/system/archive-export.service <<'UNIT'
[Unit]
Description=Export of the archive

[Service]
ExecStart=/usr/bin/python3 /opt/export.py
UNIT
systemctl daemon-reload
# Large enough to lie on the place that is worn.
head -c 120M /dev/urandom >/srv/archive.db
sync
echo 3 >/proc/sys/vm/drop_caches
now
systemctl start archive-export.service
