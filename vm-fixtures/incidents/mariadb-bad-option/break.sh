#!/bin/sh
set -eu
printf '[mariadb]\ninnodb_log_files_in_grup = 2\n' >/etc/mysql/mariadb.conf.d/99-tuning.cnf
now
systemctl restart mariadb.service 2>/dev/null || :
