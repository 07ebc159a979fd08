#!/bin/sh
set -eu
mkdir -p /opt/worker-pool
cat >/opt/worker-pool/pool.py <<'EOF'
"""Starts a process for each job and forgets about it."""
import os
import time
for job in range(300):
    if os.fork() == 0:
        os._exit(0)
while True:
    time.sleep(60)
EOF
cat >/etc/systemd/system/worker-pool.service <<'EOF'
[Unit]
Description=Worker pool

[Service]
ExecStart=/usr/bin/python3 /opt/worker-pool/pool.py

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
now
systemctl enable --quiet --now worker-pool.service
