#!/bin/sh
set -eu
mkdir -p /srv/import
cat >/opt/importer.py <<'EOF'
"""Writes all that it sees into a log that it opened once."""
import logging
import time
logging.basicConfig(format="%(levelname)s %(message)s")
log = open("/srv/import/import.log", "ab", buffering=0)
while True:
    try:
        log.write(b"row imported without a problem\n" * 40000)
    except OSError as error:
        logging.error("cannot write the log: %s", error)
        time.sleep(2)
EOF
cat >/etc/systemd/system/importer.service <<'EOF'
[Unit]
Description=Importer

[Service]
ExecStart=/usr/bin/python3 /opt/importer.py

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
now
systemctl enable --quiet --now importer.service
await 10 test -s /srv/import/import.log
rm /srv/import/import.log
