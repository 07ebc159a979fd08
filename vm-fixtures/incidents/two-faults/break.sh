#!/bin/sh
set -eu
postconf -e 'relayhost = [10.20.0.1]:25'
systemctl restart postfix.service
await 10 sh -c 'ss -Htln sport = :25 | grep -q .'
printf '[mariadb]\nkey_bufer_size = 64M\n' >/etc/mysql/mariadb.conf.d/99-tuning.cnf
now
systemctl restart mariadb.service 2>/dev/null || :
for n in 1 2 3; do
    printf 'Subject: mariadb is down\n\nsee above\n' | /usr/sbin/sendmail -f root@example.com "oncall$n@example.com"
done
