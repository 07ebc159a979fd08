#!/bin/sh
# First the red herring: a report that failed loudly, some time before; then a tidy-up of ports, done half.
set -eu
cat >/etc/systemd/system/nightly-report.service <<'EOF'
[Unit]
Description=Nightly report

[Service]
Type=oneshot
User=postgres
ExecStart=/usr/bin/psql -d warehouse -c 'SELECT count(*) FROM orders'
EOF
systemctl daemon-reload
systemctl start nightly-report.service 2>/dev/null || :
sed -i 's/127.0.0.1:8000/127.0.0.1:8001/' /etc/systemd/system/shop.service
systemctl daemon-reload
systemctl restart shop.service
await 20 answers 200 http://127.0.0.1:8001/
answers 502 http://127.0.0.1/ || fail 'the page still comes'
now
