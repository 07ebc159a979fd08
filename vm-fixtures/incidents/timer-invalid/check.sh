#!/bin/sh
set -eu
journalctl -q --grep 'cleanup.timer.*(Failed to parse calendar|Timer unit lacks value)' -n 1 | grep -q . || fail 'systemd understood it'
running cleanup.timer && fail 'the timer runs'
exit 0
