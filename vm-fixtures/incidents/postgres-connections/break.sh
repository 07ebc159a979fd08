#!/bin/sh
set -eu
printf 'max_connections = 10\nsuperuser_reserved_connections = 1\n' >/etc/postgresql/15/main/conf.d/small.conf
systemctl restart postgresql@15-main.service
systemctl restart shop.service
await 20 answers 200 http://127.0.0.1/
cat >/etc/systemd/system/report-runner.service <<'EOF'
[Unit]
Description=Report runner

[Service]
User=shop
ExecStart=/bin/bash -c 'while :; do psql -q -d shop -c "SELECT pg_sleep(3600)" & sleep 0.1; [ $(jobs -r | wc -l) -lt 12 ] || wait -n; done'

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
now
systemctl enable --quiet --now report-runner.service
await 20 sh -c 'journalctl -q -u report-runner.service --grep "remaining connection slots|too many clients" -n 1 | grep -q .'
systemctl restart shop.service
