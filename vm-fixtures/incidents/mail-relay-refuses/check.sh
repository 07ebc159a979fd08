#!/bin/sh
set -eu
await 30 sh -c 'journalctl -q --grep "status=deferred.*Connection refused" -n 1 | grep -q .'
