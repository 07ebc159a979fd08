#!/bin/sh
set -eu
await 30 logged basket.service 'Connection refused'
running basket.service || fail 'the service has ended'
systemctl is-failed --quiet '*' && fail 'something is wrong on this host itself'
exit 0
