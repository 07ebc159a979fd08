#!/bin/sh
set -eu
await 30 failed orders.service
logged orders.service "No module named 'orjson'" || fail 'the module is there'
logged orders.service 'Start request repeated too quickly' || fail 'systemd still tries'
