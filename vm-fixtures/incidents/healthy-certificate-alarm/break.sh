#!/bin/sh
set -eu
mkdir -p /etc/ssl/shop && cd /etc/ssl/shop
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -keyout shop.key -out shop.pem -subj /CN=shop.example.com 2>/dev/null
printf 'server {\n    listen 443 ssl;\n    ssl_certificate /etc/ssl/shop/shop.pem;\n    ssl_certificate_key /etc/ssl/shop/shop.key;\n    location / { proxy_pass http://127.0.0.1:8000; }\n}\n' >/etc/nginx/sites-enabled/shop-tls
systemctl reload nginx.service
now
