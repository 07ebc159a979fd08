#!/bin/sh
set -eu
mkdir -p /opt/orders
cat >/opt/orders/orders.py <<'EOF'
import socket
door = socket.create_server(("127.0.0.1", 8200))
while True:
    guest, _ = door.accept()
    guest.recv(4096)
    guest.sendall(b"HTTP/1.0 200 OK\r\n\r\n[]\n")
    guest.close()
EOF
cat >/etc/systemd/system/orders.service <<'EOF'
[Unit]
Description=Orders API

[Service]
User=nobody
WorkingDirectory=/opt/orders
ExecStart=/usr/bin/python3 /opt/orders/orders.py
Restart=on-failure
RestartSec=200ms

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable --quiet --now orders.service
await 10 answers 200 http://127.0.0.1:8200/
now
sed -i '1i import orjson' /opt/orders/orders.py
systemctl restart orders.service
