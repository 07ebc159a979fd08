#!/bin/sh
set -eu
cat >/opt/uploads.py <<'PYTHON'
"""Takes one upload after the other, many at first and then one a second."""
import logging
import os
import time
logging.basicConfig(format="%(levelname)s %(message)s")
number = 0
while True:
    number += 1
    try:
        with open(f"/srv/upload-{number % 100}.tmp", "wb") as file:
            file.write(b"picture")
            os.fsync(file.fileno())
    except OSError as error:
        logging.error("upload failed: %s", error)
        time.sleep(1)
PYTHON
cat >/etc/systemd/system/uploads.service <<'UNIT'
[Unit]
Description=Uploads

[Service]
ExecStart=/usr/bin/python3 /opt/uploads.py
UNIT
systemctl daemon-reload
now
systemctl start uploads.service
