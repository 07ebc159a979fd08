#!/bin/sh
set -eu
await 10 logged ssh.service 'Bad configuration option: PermitRootLogon'
running ssh.service || fail 'sshd is down'
