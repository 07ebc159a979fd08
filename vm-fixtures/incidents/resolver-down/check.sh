#!/bin/sh
set -eu
await 20 failed dnsmasq.service
await 30 logged price-feed.service 'Could not resolve host'
logged dnsmasq.service 'bad option' || fail 'the resolver failed otherwise'
