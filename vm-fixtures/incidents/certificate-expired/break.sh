#!/bin/sh
# A certificate that was made for a year, a year ago; and a program that uses it.
set -eu
mkdir -p /etc/ssl/shop && cd /etc/ssl/shop
openssl req -new -newkey rsa:2048 -nodes -keyout shop.key -out shop.csr -subj /CN=shop.example.com 2>/dev/null
mkdir -p /tmp/ca && : >/tmp/ca/index.txt && echo 01 >/tmp/ca/serial
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=/tmp/ca/index.txt\nserial=/tmp/ca/serial\nnew_certs_dir=/tmp/ca\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' >/tmp/ca/ca.conf
openssl ca -config /tmp/ca/ca.conf -batch -notext -selfsign -keyfile shop.key -in shop.csr -out shop.pem \
    -startdate "$(date -u -d '366 days ago' +%y%m%d%H%M%SZ)" -enddate "$(date -u -d '1 day ago' +%y%m%d%H%M%SZ)" 2>/dev/null
rm -r /tmp/ca shop.csr
cat >/etc/nginx/sites-available/shop-tls <<'EOF'
server {
    listen 443 ssl;
    server_name shop.example.com;
    ssl_certificate /etc/ssl/shop/shop.pem;
    ssl_certificate_key /etc/ssl/shop/shop.key;
    location / { proxy_pass http://127.0.0.1:8000; }
}
EOF
ln -sf ../sites-available/shop-tls /etc/nginx/sites-enabled/shop-tls
nginx -t 2>/dev/null
systemctl reload nginx.service
date -u -d '1 day ago' '+%F %H:%M'
