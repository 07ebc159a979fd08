#!/bin/sh
set -eu
await 20 failed nginx.service
logged nginx.service 'Address already in use' || fail 'nginx had its port'
running report-viewer.service || fail 'the other program does not run'
