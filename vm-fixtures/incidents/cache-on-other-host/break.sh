#!/bin/sh
# On cache-01: somebody makes redis "safer".
set -eu
now
sed -i 's/^bind .*/bind 127.0.0.1/' /etc/redis/redis.conf
systemctl restart redis-server.service
