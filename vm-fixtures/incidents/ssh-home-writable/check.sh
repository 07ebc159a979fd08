#!/bin/sh
set -eu
await 10 logged ssh.service 'bad ownership or modes for directory /home/deploy'
