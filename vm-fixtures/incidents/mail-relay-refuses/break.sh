#!/bin/sh
set -eu
postconf -e 'relayhost = [10.20.0.1]:25'
systemctl restart postfix.service
await 10 sh -c 'ss -Htln sport = :25 | grep -q .'
now
for n in 1 2 3; do
    printf 'Subject: ticket %s\n\nhello\n' "$n" | /usr/sbin/sendmail -f root@example.com "user$n@example.com"
done
