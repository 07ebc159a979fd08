#!/bin/sh
set -eu
await 30 failed postgresql@15-main.service
journalctl -q --grep 'has group or world access' -n 1 | grep -q . || grep -rq 'has group or world access' /var/log/postgresql || fail 'it failed otherwise'
