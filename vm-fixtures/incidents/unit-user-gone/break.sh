#!/bin/sh
set -eu
useradd --system collector
cat >/etc/systemd/system/metrics-collector.service <<'EOF'
[Unit]
Description=Metrics collector

[Service]
User=collector
ExecStart=/usr/bin/vmstat 60

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable --quiet --now metrics-collector.service
running metrics-collector.service
systemctl stop metrics-collector.service
userdel collector
now
systemctl start metrics-collector.service 2>/dev/null || :
