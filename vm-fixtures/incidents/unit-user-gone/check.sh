#!/bin/sh
set -eu
await 20 failed metrics-collector.service
logged metrics-collector.service 'status=217/USER' || fail 'it failed otherwise'
