#!/bin/sh
set -eu
cat >/etc/systemd/system/cache-warmer.service <<'EOF'
[Unit]
Description=Cache warmer

[Service]
MemoryMax=64M
MemorySwapMax=0
ExecStart=/usr/bin/python3 -c 'kept = [bytearray(1 << 20) for _ in range(512)]; import time; time.sleep(3600)'
EOF
systemctl daemon-reload
now
systemctl start cache-warmer.service
