#!/bin/sh
set -eu
await 30 failed redis-server.service
logged redis-server.service 'error while loading shared libraries: liblzf' || fail 'it failed otherwise'
