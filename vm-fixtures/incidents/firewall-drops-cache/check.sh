#!/bin/sh
set -eu
await 30 logged basket.service 'timed out'
nft list ruleset | grep -q 'dport 6379 counter packets [1-9]' || fail 'the rule drops nothing'
running redis-server.service || fail 'redis is down'
