#!/bin/sh
set -eu
cat >/etc/systemd/system/cache-check.service <<'EOF'
[Unit]
Description=Is the cache there?

[Service]
Type=oneshot
ExecStart=/usr/bin/redis-cli -h localhost ping
EOF
systemctl daemon-reload
systemctl start cache-check.service
now
sed -i 's/^127.0.0.1 localhost/10.20.0.99 localhost/' /etc/hosts
systemctl start cache-check.service 2>/dev/null || :
