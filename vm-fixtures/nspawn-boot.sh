#!/bin/sh
# Boots a container from the disks in FOLDER. Runs in a mount namespace of its own (`unshare --mount`), so all that is
# mounted here goes away with the last process of the container. Started by nspawn.py only.
#   nspawn-boot.sh FOLDER HOSTNAME ID NETNS [MOUNT...]     volume N of the host, FOLDER/volumeN.img, goes to MOUNT
set -eu
folder=$1 hostname=$2 id=$3 netns=$4
shift 4

# nspawn follows the layout that it finds; the container's systemd is to see the second version alone.
umount --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo $$ >"/sys/fs/cgroup/$id/cgroup.procs"
# Where nspawn keeps notes on its machines: here they go away by themselves.
mount -t tmpfs tmpfs /run

# A loop device tells everyone the path of its file: let that be one that says nothing about this machine.
mount --bind "$folder" /mnt
root=$folder/root
mkdir "$root"
mount -o loop /mnt/root.img "$root"
number=0
for place in "$@"; do
    mount -o loop "/mnt/volume$number.img" "$root/mnt"
    cp -a "$root$place/." "$root/mnt/"
    umount "$root/mnt"
    mount -o loop "/mnt/volume$number.img" "$root$place"
    number=$((number + 1))
done
set --

for home in "$root/root" "$root/home/diag"; do
    mkdir -p -m 700 "$home/.ssh"
    cp "$folder/authorized_keys" "$home/.ssh/authorized_keys"
    chown -R --reference="$home" "$home/.ssh"
done
cp "$folder/host_key" "$root/etc/ssh/ssh_host_ed25519_key"
cp "$folder/host_key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
cp "$folder/hosts" "$folder/resolv.conf" "$root/etc/"
echo "$hostname" >"$root/etc/hostname"

# What tells init to shut down: systemd's own signal is nspawn's default, busybox knows this one.
[ -e "$root/lib/systemd/systemd" ] || set -- --kill-signal=SIGUSR2
exec systemd-nspawn --quiet --boot --directory="$root" --machine="$id" --hostname="$hostname" \
    --uuid="$(tr -d - </proc/sys/kernel/random/uuid)" --register=no --keep-unit --link-journal=no \
    --network-namespace-path="$netns" --capability=CAP_NET_ADMIN \
    --resolv-conf=off --timezone=off --console=pipe "$@"
