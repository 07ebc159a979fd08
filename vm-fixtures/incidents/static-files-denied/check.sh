#!/bin/sh
set -eu
answers 403 http://127.0.0.1:8080/index.html || fail 'the page is not forbidden'
journalctl -q --grep 'srv/www/index.html.*13: Permission denied' -n 1 | grep -q . || fail 'nginx wrote no error'
