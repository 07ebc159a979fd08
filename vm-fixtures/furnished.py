"""Hosts that have more on them than the healthy ones, and some of it in trouble: for the golden cases of probes that a
plain host answers with nothing. `setups/SETUP.sh` makes each what it is; nothing in it writes a log or a reply by hand
where a program can be had to write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import image
from launcher import HostSpec, Volume


@dataclass(frozen=True, slots=True)
class Furnished:
    """recipe, packages: as of a healthy host; name: its own, its setup's and its recording's; ticket: what is asked about it.

    machine: whether it has a kernel of its own. asked: probes that only a finding would lead to → what to fill them with.
    """

    name: str
    recipe: str
    packages: tuple[str, ...]
    ticket: str
    volumes: tuple[Volume, ...] = ()
    machine: bool = False
    asked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def spec(self) -> HostSpec:
        """What to start; the image is built when it is not there yet."""
        return HostSpec(self.name, image.build(self.recipe, self.packages), self.volumes)


FURNISHED = (
    Furnished(
        "server-12",
        "debian-12-chrony",
        (
            *("rsyslog", "chrony", "postfix", "nginx-light", "haproxy", "php8.2-fpm", "caddy"),
            *("mariadb-server", "redis-server", "rabbitmq-server", "etcd-server", "bind9", "at", "quota"),
            *("fail2ban", "ufw", "iptables", "auditd", "apparmor", "krb5-config", "certbot"),
            *("unattended-upgrades", "waagent", "sssd-common", "lsscsi", "pciutils"),
        ),
        "The shop's backup.service fails since this morning, after a reboot; mail is late and /srv/full is full.\n"
        "See /var/log/syslog. Names: shop.example.com\n",
        (Volume("/srv", 128),),
        asked={
            "timer-unit": {"unit": "backup.service"},
            "unit-drop-in": {"path": "/etc/systemd/system/nginx.service.d/limits.conf"},
            "slow-query-log": {"path": "/var/log/mysql/mariadb-slow.log"},
        },
    ),
    Furnished(
        "server-11",
        "debian-11",
        (
            *("rsyslog", "exim4-daemon-light", "apache2", "dnsmasq", "iptables", "firewalld", "ifupdown"),
            *("cloud-init", "ipset", "unbound"),
        ),
        "Is apache2.service well since 30 minutes ago? Traceback of an application. See /var/log/apache2/error.log\n",
    ),
    Furnished(
        "store-12",
        "debian-12-vm",
        (
            *(
                "docker.io",
                "podman",
                "mdadm",
                "lvm2",
                "xfsprogs",
                "btrfs-progs",
                "nfs-kernel-server",
                "nfs-common",
            ),
            *("apparmor", "auditd", "systemd-coredump", "busybox-static", "ethtool"),
            *("autofs", "lsscsi", "smartmontools", "nvme-cli", "pciutils", "quota", "multipath-tools"),
        ),
        "The container of the shop on /srv is down since the reboot this morning; the raid may be degraded.\n",
        (Volume("/srv", 64),),
        machine=True,
        asked={"card": {"link": "eth0"}, "card-counters": {"link": "eth0"}},
    ),
    Furnished("router-01", "busybox", (), "The line was down one hour ago.\n"),
)
