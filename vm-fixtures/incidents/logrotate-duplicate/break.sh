#!/bin/sh
set -eu
echo started >/var/log/app.log
for name in app app-new; do
    printf '/var/log/app.log {\n    weekly\n    rotate 4\n}\n' >/etc/logrotate.d/$name
done
now
systemctl start logrotate.service 2>/dev/null || :
