#!/bin/sh
set -eu
mkdir -p /srv/import
program importer 'Importer' <<'EOF'
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
now
systemctl enable --quiet --now importer.service
await 10 test -s /srv/import/import.log
rm /srv/import/import.log
