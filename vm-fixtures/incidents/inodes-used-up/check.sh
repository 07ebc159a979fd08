#!/bin/sh
set -eu
full() { [ "$(stat -f -c %d /srv)" = 0 ]; }
await 60 full
await 20 logged sessions.service 'No space left on device'
[ "$(stat -f -c %a /srv)" -gt 1000 ] || fail 'space is short too'
