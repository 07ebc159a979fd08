#!/bin/sh
set -eu
running mariadb.service || fail 'the database is down'
mariadb -e 'SELECT 1' >/dev/null || fail 'the database does not answer'
