#!/bin/sh
set -eu
await 60 failed mariadb.service
logged mariadb.service 'unknown variable' || fail 'the database failed otherwise'
await 30 sh -c 'journalctl -q --grep "status=deferred.*Connection refused" -n 1 | grep -q .'
