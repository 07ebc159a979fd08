#!/bin/sh
set -eu
await 20 failed logrotate.service
logged logrotate.service 'duplicate log entry' || fail 'it failed otherwise'
