#!/bin/sh
set -eu
[ ! -e /var/tmp/export ] || fail 'the file is still there'
