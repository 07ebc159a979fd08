#!/bin/sh
set -eu
await 10 sh -c 'journalctl -q --grep "account reports has expired" -n 1 | grep -q .'
