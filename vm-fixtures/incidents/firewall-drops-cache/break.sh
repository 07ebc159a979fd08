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
        with socket.create_connection(("127.0.0.1", 6379), timeout=2) as cache:
            cache.sendall(b"PING\r\n")
            cache.recv(64)
    except OSError as error:
        logging.error("cannot reach the cache at 127.0.0.1:6379: %s", error)
    time.sleep(1)
EOF
systemctl enable --quiet --now basket.service
now
nft -f - <<'EOF'
table inet hardening {
    chain output {
        type filter hook output priority 0; policy accept;
        tcp dport 6379 counter drop
    }
}
EOF
