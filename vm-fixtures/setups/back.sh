#!/bin/sh
# The healthy host: what an intranet has behind it. MariaDB, redis, a local resolver and a mail server, with the settings
# that Debian gives them; mail stays on the host.
set -eu

cat >/etc/postfix/main.cf <<'EOF'
compatibility_level = 3.6
myhostname = back-01.example.com
mydestination = back-01, localhost
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_host_lookup = native
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
EOF
newaliases
printf 'port=53\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\n' >/etc/dnsmasq.d/local.conf
for unit in postfix dnsmasq redis-server mariadb; do
    systemctl restart "$unit.service"
done
redis-cli ping | grep -q PONG
mariadb -e 'SELECT 1' >/dev/null
