#!/bin/sh
set -eu
await 60 logged uploads.service 'Read-only file system'
journalctl --quiet --dmesg --grep 'Remounting filesystem read-only' | grep -q vdb || fail 'ext4 did not do it'
running uploads.service || fail 'the service has ended'
