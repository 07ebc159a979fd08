#!/bin/sh
set -eu
redis-cli set d 4 | grep -q MISCONF || fail 'redis takes writes'
grep -rq 'Permission denied' /var/log/redis || fail 'redis wrote no error'
