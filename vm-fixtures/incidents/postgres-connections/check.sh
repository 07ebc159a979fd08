#!/bin/sh
set -eu
await 60 logged shop.service 'too many clients already|remaining connection slots'
await 30 answers 502 http://127.0.0.1/
