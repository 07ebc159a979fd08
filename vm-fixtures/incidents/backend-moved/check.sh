#!/bin/sh
set -eu
answers 502 http://127.0.0.1/ || fail 'the page is not a 502'
answers 200 http://127.0.0.1:8001/ || fail 'the application is not on its new port'
failed nightly-report.service || fail 'the report has not failed'
logged nginx.service 'Connection refused' || logged rsyslog.service x || journalctl -q --grep 'connect.. failed .111' -n 1 | grep -q . || fail 'nginx wrote no error'
