#!/bin/sh
# A busybox host with a syslog daemon that writes files, one of them rotated and packed as a small router's script does it.
set -u
mkdir -p /var/log
echo 'nameserver 10.20.0.1' >/etc/resolv.conf
syslogd -O /var/log/messages -s 200 -b 2
logger -t dnsmasq 'started'
logger -p daemon.err -t pppd 'LCP: timeout sending Config-Requests'
sleep 1
gzip -c /var/log/messages >/var/log/messages.1.gz
cp /var/log/messages /var/log/messages.0
logger -t dropbear 'Child connection closed'
sleep 1
