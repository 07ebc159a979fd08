#!/bin/sh
set -eu
useradd --create-home --shell /bin/bash reports
install -d -o reports -g reports -m 700 /home/reports/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/partner
install -o reports -g reports -m 600 /root/partner.pub /home/reports/.ssh/authorized_keys
come() { ssh -F none -i /root/partner -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null reports@127.0.0.1 true; }
await 10 come
now
chage -E "$(date -d yesterday +%F)" reports
come 2>/dev/null || :
come 2>/dev/null || :
