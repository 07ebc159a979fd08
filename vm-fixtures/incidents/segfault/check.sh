#!/bin/sh
set -eu
await 60 failed thumbnailer.service
journalctl --quiet --dmesg --grep 'segfault at 8' --lines 1 | grep -q thumbnailer || fail 'the kernel reports no segfault'
