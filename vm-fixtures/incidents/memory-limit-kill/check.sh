#!/bin/sh
set -eu
await 60 failed cache-warmer.service
logged cache-warmer.service 'oom-kill' || fail 'it ended for something else'
