#!/bin/sh
set -eu
program basket 'Baskets' <<'EOF'
"""Asks its cache once a second."""
import logging
import socket
import time
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
while True:
    try:
        with socket.create_connection(("cache-01", 6379), timeout=2) as cache:
            cache.sendall(b"PING\r\n")
            cache.recv(64)
    except OSError as error:
        logging.error("cannot reach the cache at cache-01:6379: %s", error)
    time.sleep(1)
EOF
await 20 sh -c 'getent hosts cache-01'
systemctl enable --quiet --now basket.service
