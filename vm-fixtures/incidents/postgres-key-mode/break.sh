#!/bin/sh
set -eu
cd /etc/postgresql/15/main
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -keyout server.key -out server.pem -subj /CN=shop-01 2>/dev/null
chown postgres: server.key server.pem
chmod 644 server.key
printf "ssl = on\nssl_cert_file = '/etc/postgresql/15/main/server.pem'\nssl_key_file = '/etc/postgresql/15/main/server.key'\n" >conf.d/tls.conf
now
systemctl restart postgresql@15-main.service 2>/dev/null || :
