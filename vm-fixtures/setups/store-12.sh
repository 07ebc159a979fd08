#!/bin/sh
# Debian 12 with storage of every kind that a kernel without further disks can show, on loop devices, and with containers.
set -u
disk() { truncate -s "$2" "/var/tmp/$1.img" && losetup --find --show "/var/tmp/$1.img"; }

# A disk that is made of memory, which speaks SCSI all the same.
modprobe scsi_debug dev_size_mb=8

# A mirror that has lost a disk, a volume group, and a filesystem of each kind.
modprobe raid1
first=$(disk raid-a 32M) second=$(disk raid-b 32M)
yes | mdadm --create /dev/md0 --level=1 --raid-devices=2 --metadata=1.2 "$first" "$second" >/dev/null 2>&1
mdadm --wait /dev/md0 2>/dev/null
mdadm /dev/md0 --fail "$second" --remove "$second" 2>/dev/null
group=$(disk group 160M)
pvcreate -q "$group" >/dev/null; vgcreate -q data "$group" >/dev/null; lvcreate -q -W n -L 96M -n shop data >/dev/null
mkdir -p /mnt/btrfs /mnt/xfs /mnt/quota /mnt/shop /mnt/shared /export
mkfs.ext4 -q /dev/data/shop && mount /dev/data/shop /mnt/shop
mkfs.btrfs -q "$(disk btrfs 128M)" && mount "$(losetup -n -O NAME -j /var/tmp/btrfs.img)" /mnt/btrfs
mkfs.xfs -q "$(disk xfs 320M)" && mount "$(losetup -n -O NAME -j /var/tmp/xfs.img)" /mnt/xfs
mkfs.ext4 -q -O quota "$(disk quota 16M)" && mount -o usrquota "$(losetup -n -O NAME -j /var/tmp/quota.img)" /mnt/quota
quotaon /mnt/quota 2>/dev/null
chmod 777 /mnt/quota; runuser -u diag -- sh -c 'head -c 200K /dev/zero >/mnt/quota/own'
head -c 80M /dev/zero >/srv/dump.sql 2>/dev/null

# What is exported to itself, and what is mounted on demand.
echo '/export 127.0.0.1(rw,no_subtree_check,fsid=1)' >/etc/exports
systemctl restart nfs-server && mount -t nfs4 127.0.0.1:/export /mnt/shared
mkdir -p /auto && echo '/auto /etc/auto.shop' >/etc/auto.master && echo 'books -fstype=nfs4 127.0.0.1:/export' >/etc/auto.shop
systemctl restart autofs

# A bond of two links that lead nowhere.
ip link add bond0 type bond mode active-backup miimon 100
for link in dummy0 dummy1; do ip link add $link type dummy; ip link set $link master bond0; done
ip link set bond0 up
ip link add br0 type bridge; ip link add dummy2 type dummy; ip link set dummy2 master br0 up
systemctl unmask systemd-timesyncd 2>/dev/null; systemctl start systemd-timesyncd

# A program that is killed for its memory, and one that dumps core.
printf '[Service]\nMemoryMax=48M\nMemorySwapMax=0\nExecStart=/usr/bin/python3 -c "kept = [bytearray(1 << 20) for _ in range(512)]"\n' >/etc/systemd/system/cache-warmer.service
systemctl daemon-reload
systemctl start cache-warmer.service
systemd-run --quiet --unit=importer --wait python3 -c 'import ctypes; ctypes.string_at(0)' 2>/dev/null

# Containers: an image of one static program, one container that ended badly and one that runs.
printf '{\n  "log-driver": "json-file",\n  "log-opts": {"max-size": "10m"}\n}\n' >/etc/docker/daemon.json
systemctl restart docker
mkdir -p /tmp/one/bin && cp /bin/busybox /tmp/one/bin/sh
tar -C /tmp/one -c . | docker import - shop:1 >/dev/null
tar -C /tmp/one -c . | podman import - shop:1 >/dev/null 2>&1
docker run --detach --name shop-web --network none shop:1 /bin/sh -c 'echo ready; sleep 1d' >/dev/null
docker run --name shop-import --network none shop:1 /bin/sh -c 'echo "cannot read /data/books.csv" >&2; exit 3' >/dev/null 2>&1
podman run --name shop-cron --network none --cgroups=disabled shop:1 /bin/sh -c 'exit 2' >/dev/null 2>&1
exit 0
