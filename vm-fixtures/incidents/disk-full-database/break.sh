#!/bin/sh
# Somebody looked into a problem, turned the application's debug log on and left it so. Customers do the rest: each page
# writes all that was read from the database into /var/log/shop/shop.log, until /var, which the database shares, is full.
# Prints when the first visitor saw an error, for the ticket: `2026-01-31 08:15`.
set -eu

sed -i 's/^LOG_LEVEL=.*/LOG_LEVEL=DEBUG/' /etc/shop/shop.env
systemctl restart shop.service
until curl -sf -o /dev/null http://127.0.0.1:8000/; do sleep 0.2; done

# Real visits, many of them until one fails, ...
if curl -sf --fail-early -o /dev/null 'http://127.0.0.1/?visit=[1-60000]'; then
    echo 'the disk did not fill up' >&2
    exit 1
fi
date --utc '+%F %H:%M'
# ... and a few more, until the database has given up and the application with it.
for _ in $(seq 600); do
    systemctl is-failed --quiet postgresql@15-main.service && systemctl is-failed --quiet shop.service && exit 0
    curl -s -o /dev/null http://127.0.0.1/ || :
    sleep 1
done
echo 'the shop or its database is still up' >&2
exit 1
