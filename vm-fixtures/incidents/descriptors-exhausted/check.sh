#!/bin/sh
set -eu
await 20 logged gateway.service 'Too many open files'
running gateway.service || fail 'the service has ended'
