#!/bin/sh
set -eu
[ "$(systemctl --failed --no-legend | wc -l)" = 0 ] || fail 'a unit has failed'
