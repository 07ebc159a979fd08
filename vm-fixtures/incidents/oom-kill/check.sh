#!/bin/sh
set -eu
await 60 failed report-builder.service
journalctl --quiet --dmesg --grep 'Out of memory: Killed process' | grep -q python3 || fail 'the kernel killed something else'
await 20 logged report-builder.service 'oom-kill'
