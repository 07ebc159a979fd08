#!/bin/sh
set -eu
answers 200 http://127.0.0.1/ || fail 'the shop is down'
