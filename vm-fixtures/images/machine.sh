#!/bin/sh
# Makes a test host's root with a kernel in it one that boots as a machine. Runs while the image is built, after debian.sh.
# $1: the root's folder.
set -eu
root=$1
inside() { chroot "$root" "$@"; }

# Unlike a container, a machine has devices: udev names them, and networkd waits for it.
inside systemctl unmask --quiet systemd-udevd.service systemd-udev-trigger.service
inside systemctl enable --quiet systemd-networkd.service
# The network that QEMU's user-mode stack makes; the address is always the same, since each machine has one to itself.
cat >"$root/etc/systemd/network/eth0.network" <<'NETWORK'
[Match]
Name=eth0

[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
NETWORK
# As Debian's installer writes it.
printf '/dev/vda / ext4 errors=remount-ro 0 1\n' >"$root/etc/fstab"

# Only what reaches the disk: the initrd is unpacked by an emulated processor.
printf 'MODULES=list\n' >"$root/etc/initramfs-tools/conf.d/small"
printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
inside update-initramfs -u -k all >/dev/null
