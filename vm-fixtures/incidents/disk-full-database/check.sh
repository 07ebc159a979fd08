#!/bin/sh
# Is the fault really there? Ends with 0 when every link of the chain is as incident.toml says.
set -eu

fail() { echo "not broken as meant: $1" >&2; exit 1; }
[ "$(stat -f -c %a /var)" -lt 2000 ] || fail '/var has room'
[ "$(stat -c %s /var/log/shop/shop.log)" -gt 100000000 ] || fail 'the debug log is small'
systemctl is-failed --quiet postgresql@15-main.service || fail 'the database unit has not failed'
journalctl --quiet --unit postgresql@15-main.service --grep 'PANIC: .*No space left on device' >/dev/null ||
    fail 'the database did not stop for want of space'
systemctl is-failed --quiet shop.service || fail 'the application unit has not failed'
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/)" = 502 ] || fail 'the page is not a 502'
