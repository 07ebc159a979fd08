#!/bin/sh
set -eu
now
dd if=/dev/zero of=/var/tmp/export bs=1M count=300 2>/dev/null
rm /var/tmp/export
