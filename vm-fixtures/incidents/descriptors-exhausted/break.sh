#!/bin/sh
set -eu
mkdir -p /opt/gateway
cat >/opt/gateway/gateway.py <<'EOF'
"""Answers on a port, and never lets a connection go."""
import logging
import socket

logging.basicConfig(format="%(levelname)s %(message)s")
door = socket.create_server(("127.0.0.1", 8300), backlog=200)
kept = []
while True:
    try:
        connection, _ = door.accept()
        connection.send(b"hello\n")
        kept.append(connection)
    except OSError as error:
        logging.error("cannot accept a connection: %s", error)
        import time
        time.sleep(0.5)
EOF
cat >/etc/systemd/system/gateway.service <<'EOF'
[Unit]
Description=Gateway

[Service]
LimitNOFILE=64
ExecStart=/usr/bin/python3 /opt/gateway/gateway.py

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable --quiet --now gateway.service
await 10 sh -c 'ss -Htln sport = :8300 | grep -q .'
python3 - <<'EOF'
import socket
for _ in range(80):
    socket.create_connection(("127.0.0.1", 8300))
EOF
now
