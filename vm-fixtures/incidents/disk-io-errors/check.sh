#!/bin/sh
set -eu
await 30 logged archive-export.service 'Input/output error'
journalctl --quiet --dmesg --grep 'I/O error, dev vdb' --lines 1 | grep -q READ || fail 'the kernel reports no read error'
running archive-export.service || fail 'the service has ended'
