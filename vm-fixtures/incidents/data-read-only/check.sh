#!/bin/sh
set -eu
await 20 logged uploads.service 'Read-only file system'
running uploads.service || fail 'the service has ended'
