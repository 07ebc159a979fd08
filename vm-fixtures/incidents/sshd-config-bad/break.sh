#!/bin/sh
set -eu
echo 'PermitRootLogon no' >/etc/ssh/sshd_config.d/hardening.conf
now
systemctl reload ssh.service 2>/dev/null || :
