#!/bin/sh
set -eu
useradd --create-home --shell /bin/bash deploy
install -d -o deploy -g deploy -m 700 /home/deploy/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/pipeline
install -o deploy -g deploy -m 600 /root/pipeline.pub /home/deploy/.ssh/authorized_keys
come() { ssh -F none -i /root/pipeline -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null deploy@127.0.0.1 true; }
await 10 come
now
chmod 777 /home/deploy
come 2>/dev/null || :
come 2>/dev/null || :
