#!/bin/sh
# A site of plain files, deployed by root with a umask of 077.
set -eu
mkdir -p /srv/www
printf 'server { listen 8080; root /srv/www; error_log syslog:server=unix:/dev/log,nohostname error; }\n' >/etc/nginx/conf.d/docs.conf
echo '<p>Documentation' >/srv/www/index.html
systemctl reload nginx.service
await 10 answers 200 http://127.0.0.1:8080/
now
(umask 077; mkdir /srv/www.new; echo '<p>Documentation 2' >/srv/www.new/index.html)
mv /srv/www /srv/www.old
mv /srv/www.new /srv/www
for _ in 1 2 3; do curl -s -o /dev/null http://127.0.0.1:8080/index.html; done
