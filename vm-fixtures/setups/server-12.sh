#!/bin/sh
# Debian 12 with one of each usual daemon, some of it in trouble: a job that fails, a full disk, mail that waits, a lock on
# an account. Every log is what the programs write themselves.
set -u
export DEBIAN_FRONTEND=noninteractive

# What the image's builder unpacked is not what somebody changed today.
find /etc -xdev -type f -exec touch -d '3 days ago' {} +

# Packages: one on hold, one removed, one whose script fails, and configuration that an upgrade left beside.
apt-mark hold redis-server >/dev/null
apt-get -y -qq purge quota >/dev/null 2>&1
for version in 1 2; do
    mkdir -p /tmp/deb/DEBIAN /tmp/deb/etc
    printf 'Package: shop-config\nVersion: %s\nArchitecture: all\nMaintainer: ops <ops@example.com>\nDescription: settings of the shop\n' $version >/tmp/deb/DEBIAN/control
    echo /etc/shop.conf >/tmp/deb/DEBIAN/conffiles
    echo "workers = $version" >/tmp/deb/etc/shop.conf
    dpkg-deb --build /tmp/deb /tmp/shop-config_$version.deb >/dev/null
    dpkg --force-confold -i /tmp/shop-config_$version.deb >/dev/null 2>&1
    echo 'workers = 8' >/etc/shop.conf
done
rm -r /tmp/deb
mkdir -p /tmp/deb/DEBIAN
printf 'Package: shop-hooks\nVersion: 1\nArchitecture: all\nMaintainer: ops <ops@example.com>\nDescription: hooks of the shop\n' >/tmp/deb/DEBIAN/control
printf '#!/bin/sh\nexit 1\n' >/tmp/deb/DEBIAN/postinst && chmod 755 /tmp/deb/DEBIAN/postinst
dpkg-deb --build /tmp/deb /tmp/shop-hooks.deb >/dev/null
dpkg -i /tmp/shop-hooks.deb >/dev/null 2>&1
rm -r /tmp/deb /tmp/*.deb
unattended-upgrade >/dev/null 2>&1
DPKG_MAINTSCRIPT_PACKAGE=linux-base sh /etc/kernel/postinst.d/unattended-upgrades >/dev/null 2>&1

# Logs: a syslog daemon that also sends away, and one rotation.
echo '*.err @@10.20.0.1:514' >/etc/rsyslog.d/60-away.conf
systemctl restart rsyslog
logger -t shop 'orders are taken'
logrotate -f /etc/logrotate.d/rsyslog
logrotate /etc/logrotate.conf 2>/dev/null

# Time: a server that does not answer. A container may not set the clock, so chrony only looks.
echo 'server 10.20.0.1 iburst' >/etc/chrony/conf.d/site.conf 2>/dev/null
rm -f /etc/chrony/sources.d/*; sed -i '/^pool/d' /etc/chrony/chrony.conf
mkdir -p /etc/systemd/system/chrony.service.d
printf '[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x -F 0\nType=forking\n' >/etc/systemd/system/chrony.service.d/container.conf

# Mail.
cat >/etc/postfix/main.cf <<'EOF'
compatibility_level = 3.6
myhostname = server-12.example.com
mydestination = server-12, localhost
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [10.20.0.1]
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
EOF
echo server-12.example.com >/etc/mailname
printf 'postmaster: root\n' >/etc/aliases
newaliases

# Web: a site with a certificate of its own making, a balancer before it.
mkdir -p /etc/letsencrypt/live/shop.example.com /etc/letsencrypt/renewal
openssl req -x509 -newkey rsa:2048 -nodes -days 60 -subj /CN=shop.example.com -addext subjectAltName=DNS:shop.example.com \
    -keyout /etc/letsencrypt/live/shop.example.com/privkey.pem -out /etc/letsencrypt/live/shop.example.com/fullchain.pem 2>/dev/null
cp /etc/letsencrypt/live/shop.example.com/fullchain.pem /etc/ssl/certs/shop.pem
cp /etc/letsencrypt/live/shop.example.com/privkey.pem /etc/ssl/private/shop.key
cat >/etc/nginx/sites-available/default <<'EOF'
server {
    listen 8080;
    listen 8443 ssl;
    server_name shop.example.com;
    ssl_certificate /etc/ssl/certs/shop.pem;
    ssl_certificate_key /etc/ssl/private/shop.key;
    root /var/www/html;
}
EOF
cat >/etc/haproxy/haproxy.cfg <<'EOF'
global
    log /dev/log local0
    user haproxy
    group haproxy
defaults
    log global
    mode http
    option httplog
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend shop
    bind :8000
    default_backend shop
backend shop
    option httpchk
    server web-01 127.0.0.1:8080 check
    server web-02 10.20.0.1:8080 check
EOF
certbot certificates >/dev/null 2>&1

# Databases.
sed -i '/^#/d; /^$/d' /etc/redis/redis.conf
printf '[mariadbd]\nslow_query_log = 1\nslow_query_log_file = /var/log/mysql/mariadb-slow.log\nlong_query_time = 0.1\n' >/etc/mysql/mariadb.conf.d/60-slow.cnf

# Logins: three wrong passwords are too many; a directory that is not there.
printf 'deny = 3\nunlock_time = 600\n' >/etc/security/faillock.conf
printf 'sshd: 192.0.2.7\n' >/etc/hosts.deny
useradd -m clerk && echo 'clerk:Sesame-4-all' | chpasswd
sed -i '1i auth required pam_faillock.so preauth\nauth [success=2 default=ignore] pam_unix.so\nauth [default=die] pam_faillock.so authfail' /etc/pam.d/su
for try in 1 2 3 4; do echo wrong | runuser -u diag -- su clerk -c true >/dev/null 2>&1; done
printf '[sssd]\nservices = nss\ndomains = example\n[domain/example]\nid_provider = ldap\nldap_uri = ldap://10.20.0.1\n' >/etc/sssd/sssd.conf
chmod 600 /etc/sssd/sssd.conf

# Jobs.
printf 'root\n' >/etc/cron.allow
printf '15 4 * * * /usr/local/bin/report\n' | crontab -
echo true | at now + 5 hours 2>/dev/null
printf '[Unit]\nDescription=Backup of the shop\n[Service]\nType=oneshot\nExecStart=/bin/sh -c "cp /srv/shop.img /srv/full/backup.img"\n' >/etc/systemd/system/backup.service
printf '[Unit]\nDescription=Backup of the shop, nightly\n[Timer]\nOnCalendar=*-*-* 03:00:00\nOnActiveSec=1s\n[Install]\nWantedBy=timers.target\n' >/etc/systemd/system/backup.timer
printf '[Unit]\nDescription=Takes long to start\n[Service]\nType=notify\nExecStart=/bin/sleep 1d\nTimeoutStartSec=1h\n' >/etc/systemd/system/warm-up.service
mkdir -p /etc/systemd/system/nginx.service.d
printf '[Service]\nLimitNOFILE=4096\n' >/etc/systemd/system/nginx.service.d/limits.conf

# A disk that is full, of bytes and of files; and a file that is gone but open.
mkdir -p /srv/full/spool
truncate -s 600M /srv/full/sparse.img
head -c 104M /dev/zero >/srv/full/dump.sql
python3 -c "import os
for n in range(40000):
    try: open(f'/srv/full/spool/{n}', 'x').close()
    except OSError: break"
systemd-run --quiet --unit=report sh -c 'exec 3>/var/tmp/report.tmp; head -c 1M /dev/zero >&3; rm /var/tmp/report.tmp; sleep 1d'

# A process in the kernel's hands (the parent of a vfork waits uninterruptibly), and a connection that nobody closes.
systemd-run --quiet --unit=stuck python3 -c "import ctypes, time
if ctypes.CDLL(None).vfork() == 0: time.sleep(86400)"
systemd-run --quiet --unit=leaky python3 -c "import socket, time
s = socket.create_server(('127.0.0.1', 7000)); c = socket.create_connection(('127.0.0.1', 7000)); a, _ = s.accept(); c.close(); time.sleep(86400)"

systemctl daemon-reload
for unit in chrony postfix nginx haproxy mariadb redis-server php8.2-fpm fail2ban sssd rabbitmq-server tomcat10; do
    systemctl restart "$unit.service" || echo "$unit does not start"
done
systemctl start backup.timer
systemctl start --no-block warm-up.service
mariadb -e 'SELECT SLEEP(0.3)' >/dev/null
for page in / /missing /; do curl -s -o /dev/null "http://127.0.0.1:8000$page"; curl -s -o /dev/null "http://127.0.0.1:8080$page"; done
printf 'Subject: order 17\n\nIt is on its way.\n' | sendmail -f shop@example.com customer@example.org
ufw --force enable && ufw allow 22/tcp && ufw deny 9200/tcp
sleep 5
systemctl is-system-running --wait >/dev/null
exit 0
