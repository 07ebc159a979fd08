#!/bin/sh
set -eu
await 60 failed mariadb.service
logged mariadb.service 'unknown variable' || fail 'it failed otherwise'
