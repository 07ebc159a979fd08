#!/bin/sh
# Debian 11 as an old server is: exim, apache, firewalld over iptables, systemd-resolved beside dnsmasq, cloud-init.
set -u
export DEBIAN_FRONTEND=noninteractive
apt-get -y -qq purge nftables >/dev/null 2>&1

# Names: systemd's resolver asks dnsmasq, which knows one name.
printf 'port=53\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\naddress=/shop.example.com/10.20.0.7\n' >/etc/dnsmasq.conf
mkdir -p /etc/systemd/resolved.conf.d
printf '[Resolve]\nDNS=127.0.0.1\nFallbackDNS=\nDomains=example.com\n' >/etc/systemd/resolved.conf.d/site.conf
systemctl restart dnsmasq
systemctl unmask systemd-timesyncd 2>/dev/null
systemctl start systemd-resolved systemd-timesyncd
resolvectl query shop.example.com >/dev/null 2>&1
printf 'auto lo\niface lo inet loopback\n\nauto host0\niface host0 inet static\n    address 10.20.0.11/24\n' >/etc/network/interfaces

# Mail that cannot be sent on.
sed -i "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='smarthost'/; s/^dc_smarthost=.*/dc_smarthost='10.20.0.1'/; s/^dc_other_hostnames=.*/dc_other_hostnames='server-11'/" /etc/exim4/update-exim4.conf.conf
echo server-11.example.com >/etc/mailname
update-exim4.conf && systemctl restart exim4
printf 'Subject: order 17\n\nIt is on its way.\n' | sendmail customer@example.org

# The web server with a certificate of its own making.
openssl req -x509 -newkey rsa:2048 -nodes -days 60 -subj /CN=shop.example.com -addext subjectAltName=DNS:shop.example.com \
    -keyout /etc/ssl/private/shop.key -out /etc/ssl/certs/shop.pem 2>/dev/null
printf '<VirtualHost *:443>\n    ServerName shop.example.com\n    SSLEngine on\n    SSLCertificateFile /etc/ssl/certs/shop.pem\n    SSLCertificateKeyFile /etc/ssl/private/shop.key\n</VirtualHost>\n' >/etc/apache2/sites-available/shop.conf
a2enmod -q ssl >/dev/null; a2ensite -q shop >/dev/null
systemctl restart apache2
for page in / /missing /; do curl -s -o /dev/null "http://127.0.0.1$page"; done

# The firewall, by iptables.
sed -i 's/^FirewallBackend=.*/FirewallBackend=iptables/' /etc/firewalld/firewalld.conf
systemctl restart firewalld
firewall-cmd --quiet --add-service=http
firewall-cmd --quiet --add-rich-rule='rule family="ipv4" source address="192.0.2.0/24" port port="5432" protocol="tcp" reject'

# What a cloud's image does at its first start, from a seed on the disk.
mkdir -p /var/lib/cloud/seed/nocloud
printf 'instance-id: server-11\n' >/var/lib/cloud/seed/nocloud/meta-data
printf '#cloud-config\nruncmd:\n  - [sh, -c, "echo set up; exit 3"]\n' >/var/lib/cloud/seed/nocloud/user-data
printf 'datasource_list: [NoCloud]\nssh_deletekeys: false\npreserve_hostname: true\nmanage_etc_hosts: false\nnetwork: {config: disabled}\napt_preserve_sources_list: true\n' >/etc/cloud/cloud.cfg.d/99-site.cfg
sed -i 's/level=DEBUG/level=INFO/' /etc/cloud/cloud.cfg.d/05_logging.cfg
{ cloud-init init --local; cloud-init init; cloud-init modules --mode=config; cloud-init modules --mode=final; } >/dev/null 2>&1

systemd-run --quiet --unit=shop --wait python3 -c 'import json; json.loads("{")' 2>/dev/null
logrotate /etc/logrotate.conf 2>/dev/null
systemctl is-system-running --wait >/dev/null
exit 0
