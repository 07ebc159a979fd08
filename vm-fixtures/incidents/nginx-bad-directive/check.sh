#!/bin/sh
set -eu
await 10 failed nginx.service
await 10 logged nginx.service 'unknown directive "proxy_pas"'
answers 000 http://127.0.0.1/ || fail 'somebody answers on port 80'
