#!/bin/sh
# The healthy cache: it listens for its neighbours. Other daemons of the image are not needed here.
set -eu
systemctl disable --quiet --now mariadb.service postfix.service dnsmasq.service
sed -i 's/^bind .*/bind 0.0.0.0/; s/^protected-mode .*/protected-mode no/' /etc/redis/redis.conf
systemctl restart redis-server.service
await 20 redis-cli ping
