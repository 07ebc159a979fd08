#!/bin/sh
# Makes a bare Debian root into a test host. Runs while the image is built, outside of it.
# $1: the root's folder.
set -eu
root=$1
inside() { chroot "$root" "$@"; }

# Two ways in: root, and an engineer's account that may read logs but change nothing.
inside useradd --create-home --shell /bin/bash --groups systemd-journal,adm diag
cat >"$root/etc/ssh/sshd_config.d/test-host.conf" <<EOF
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
EOF
# Each machine makes its own.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"

# Time comes from the machine outside, and jobs that wake up by themselves would blur a recording.
inside systemctl mask --quiet systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    fstrim.timer dpkg-db-backup.timer man-db.timer systemd-udevd.service systemd-udev-trigger.service \
    getty.target console-getty.service
mkdir -p "$root/var/log/journal" "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\nSystemMaxFileSize=8M\n' \
    >"$root/etc/systemd/journald.conf.d/test-host.conf"
ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"

# The builder's own package source and name server are nobody else's business, and would not work elsewhere.
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/apt/* \
    "$root"/var/log/bootstrap.log "$root"/var/cache/apt/archives/*.deb
printf 'nameserver 10.20.0.1\n' >"$root/etc/resolv.conf"
