#!/bin/sh
# Makes a root with nothing but busybox, dropbear and their libraries into a test host. Runs while the image is built.
# $1: the root's folder.
set -eu
root=$1

# The builder's own package source and notes are nobody else's business; such a host has no package manager.
rm -rf "$root"/etc/apt "$root"/var/lib/apt "$root"/var/cache/apt "$root"/var/log/apt "$root"/var/lib/dpkg

mkdir -p "$root"/bin "$root"/sbin "$root"/usr/bin "$root"/usr/sbin "$root"/etc/ssh "$root"/etc/init.d "$root"/etc/dropbear \
    "$root"/dev "$root"/proc "$root"/sys "$root"/run "$root"/mnt "$root"/var/log "$root"/var/spool/cron/crontabs "$root"/home/diag
mkdir -p -m 700 "$root/root"
mkdir -p -m 1777 "$root/tmp"
ln -sfn /run "$root/var/run"
chroot "$root" /bin/busybox --install -s

printf 'root:*:0:0:root:/root:/bin/sh\ndiag:*:1000:1000:diag:/home/diag:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nadm:x:4:diag\ndiag:x:1000:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
chown 1000:1000 "$root/home/diag"
# systemd-nspawn starts nothing that does not say what it is.
chroot "$root" /bin/busybox | sed -n 's/^BusyBox v\([0-9.]*\).*/NAME=BusyBox\nID=busybox\nVERSION_ID=\1/p' >"$root/etc/os-release"
printf 'nameserver 10.20.0.1\n' >"$root/etc/resolv.conf"
printf '# nothing is mounted by this\n' >"$root/etc/fstab"
printf '17 * * * * rm -rf /tmp/cache/*\n' >"$root/var/spool/cron/crontabs/root"
chmod 600 "$root/var/spool/cron/crontabs/root"

cat >"$root/etc/inittab" <<'EOF'
::sysinit:/etc/init.d/rcS
::respawn:/sbin/syslogd -n -O /var/log/messages
::respawn:/usr/sbin/crond -f
::respawn:/usr/sbin/dropbear -F -s -r /etc/dropbear/dropbear_ed25519_host_key
EOF
cat >"$root/etc/init.d/rcS" <<'EOF'
#!/bin/sh
hostname -F /etc/hostname
/usr/lib/dropbear/dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /etc/dropbear/dropbear_ed25519_host_key
EOF
chmod 755 "$root/etc/init.d/rcS"
