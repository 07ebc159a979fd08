#!/bin/sh
set -eu
printf 'address=/prices.example.com/127.0.0.1\nno-resolv\n' >/etc/dnsmasq.d/cache.conf
printf 'nameserver 127.0.0.1\n' >/etc/resolv.conf
systemctl restart dnsmasq.service
getent hosts prices.example.com >/dev/null
cat >/etc/systemd/system/price-feed.service <<'EOF'
[Unit]
Description=Price feed

[Service]
Type=oneshot
ExecStart=/usr/bin/curl --silent --show-error --output /dev/null http://prices.example.com:6379/
EOF
systemctl daemon-reload
now
echo 'cache-sizes=10000' >>/etc/dnsmasq.d/cache.conf
systemctl restart dnsmasq.service 2>/dev/null || :
systemctl start price-feed.service 2>/dev/null || :
