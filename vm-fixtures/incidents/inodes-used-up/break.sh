#!/bin/sh
set -eu
cat >/opt/sessions.sh <<'EOF'
#!/bin/sh
# One file for each visitor, and nothing that takes them away again.
mkdir -p /srv/sessions
n=0
while n=$((n + 1)); do
    : >"/srv/sessions/sess_$n" || { sleep 2; n=$((n - 1)); }
done
EOF
cat >/etc/systemd/system/sessions.service <<'EOF'
[Unit]
Description=Intranet sessions

[Service]
ExecStart=/bin/bash /opt/sessions.sh

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
now
systemctl enable --quiet --now sessions.service
