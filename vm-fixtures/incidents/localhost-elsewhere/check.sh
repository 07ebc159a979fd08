#!/bin/sh
set -eu
await 20 failed cache-check.service
getent ahostsv4 localhost | grep -q '^10.20.0.99 ' || fail 'localhost is where it should be'
redis-cli -h 127.0.0.1 ping | grep -q PONG || fail 'redis is down'
