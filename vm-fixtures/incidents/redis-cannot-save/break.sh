#!/bin/sh
set -eu
redis-cli set a 1 >/dev/null
now
chown root:root /var/lib/redis
chmod 755 /var/lib/redis
redis-cli config set save '1 1' >/dev/null
redis-cli set b 2 >/dev/null
refuses() { redis-cli set c 3 | grep -q MISCONF; }
await 30 refuses
