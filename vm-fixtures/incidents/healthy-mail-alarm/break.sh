#!/bin/sh
set -eu
postconf -e 'mydestination = back-01, localhost'
systemctl reload postfix.service
now
for _ in 1 2 3; do printf 'Subject: hello\n\nhello\n' | /usr/sbin/sendmail -f root@localhost root@localhost; done
