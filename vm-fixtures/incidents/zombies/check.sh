#!/bin/sh
set -eu
many() { [ "$(ps -e -o stat= | grep -c '^Z')" -ge 300 ]; }
await 20 many
