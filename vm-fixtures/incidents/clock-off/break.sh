#!/bin/sh
set -eu
# The gateway stands for one elsewhere: its certificate is made while the clock is still right.
install -d /etc/gateway
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=gateway.example.com \
    -addext subjectAltName=DNS:gateway.example.com -keyout /etc/gateway/key.pem -out /etc/gateway/certificate.pem 2>/dev/null
echo '127.0.0.1 gateway.example.com' >>/etc/hosts
cat >/etc/systemd/system/gateway.service <<'UNIT'
[Unit]
Description=Gateway

[Service]
ExecStart=/usr/bin/openssl s_server -quiet -accept 127.0.0.1:8443 -www -cert /etc/gateway/certificate.pem -key /etc/gateway/key.pem
UNIT
cat >/etc/systemd/system/order-sync.service <<'UNIT'
[Unit]
Description=Passes orders on to the gateway

[Service]
ExecStart=/usr/bin/curl -sS -m 20 -o /dev/null --cacert /etc/gateway/certificate.pem https://gateway.example.com:8443/
Restart=always
RestartSec=10
UNIT
systemctl daemon-reload
systemctl start gateway.service
await 20 answers 200 https://gateway.example.com:8443/
now
# A time server that is not there any more, and a clock that went its own way.
printf '[Time]\nNTP=10.0.2.123\nFallbackNTP=\n' >/etc/systemd/timesyncd.conf
systemctl unmask --quiet systemd-timesyncd.service
date --set='42 minutes ago' >/dev/null
hwclock --systohc
systemctl start systemd-timesyncd.service order-sync.service
