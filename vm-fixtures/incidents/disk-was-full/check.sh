#!/bin/sh
set -eu
failed ledger.service || fail 'the service is up'
logged ledger.service 'No space left on device' || fail 'it ended for something else'
[ "$(stat -f -c %a /srv)" -gt 5000 ] || fail 'the disk is still full'
