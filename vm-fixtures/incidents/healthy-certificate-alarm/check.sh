#!/bin/sh
set -eu
await 10 answers 200 https://127.0.0.1/
openssl x509 -in /etc/ssl/shop/shop.pem -noout -checkend 1209600 >/dev/null || fail 'the certificate ends soon'
