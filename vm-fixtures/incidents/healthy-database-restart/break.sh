#!/bin/sh
set -eu
now
systemctl restart mariadb.service
