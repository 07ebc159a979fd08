#!/bin/sh
set -eu
await 60 logged importer.service 'No space left on device'
[ "$(du -sk /srv | cut -f1)" -lt 1000 ] || fail 'the files are still there'
