#!/bin/sh
set -eu
delivered() { [ "$(grep -c '^Subject: hello' /var/mail/root)" = 3 ]; }
await 30 delivered
[ -z "$(find /var/spool/postfix/deferred /var/spool/postfix/active -type f)" ] || fail 'mail waits'
