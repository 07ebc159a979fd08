"""Command output → rows. Pure; what a row *means* is said by the signatures in `collectors/`, not here.

`parse("df", text)` runs a parser of this package; `parse("jc:ps", text)` one of jc's. Each function takes the whole
text and returns rows (`tai.parsers.rows`), and raises ValueError when the text is not what it expects, which the
engine turns into the outcome `unparsed`: the lines are still evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tai.parsers import (
    accounts,
    boots,
    certificates,
    cgroups,
    clocks,
    containers,
    disk,
    files,
    filesystems,
    journal,
    kernel,
    mail,
    netfilter,
    network,
    packages,
    processors,
    resolver,
    routing,
    sockets,
    storage,
    systemd,
    web,
)
from tai.parsers.rows import Row, Rows, line_of
from tai.parsers.through_jc import has_parser, parse_with_jc

__all__ = ["PARSERS", "Row", "Rows", "known", "line_of", "parse"]

PARSERS: Final[dict[str, Callable[[str], Rows]]] = {
    "df": disk.df,
    "ls": files.ls,
    "du": disk.du,
    "mounts": filesystems.mount_table,
    "fstab": filesystems.fstab,
    "superblock": filesystems.superblock,
    "values": files.values,
    "descriptors": files.descriptors,
    "mdstat": disk.mdstat,
    "lvs": storage.lvs,
    "zpool": storage.zpool,
    "smart": storage.smart,
    "iostat": storage.iostat,
    "meminfo": kernel.meminfo,
    "free": kernel.free,
    "overcommit": kernel.overcommit,
    "taint": kernel.taint,
    "load": processors.load,
    "process": processors.process,
    "cgroup": cgroups.cgroup,
    "oom": cgroups.oom,
    "boots": boots.boots,
    "pressure": kernel.pressure,
    "file-nr": kernel.file_nr,
    "cpu-times": kernel.cpu_times,
    "conntrack": network.conntrack,
    "links": network.links,
    "net-dev": routing.net_dev,
    "routes": routing.routes,
    "neighbours": routing.neighbours,
    "bonding": routing.bonding,
    "sockets": sockets.sockets,
    "port-sockets": sockets.port_sockets,
    "sockstat": sockets.sockstat,
    "protocol-counters": sockets.protocol_counters,
    "resolv-conf": resolver.resolv_conf,
    "nsswitch": resolver.nsswitch,
    "firewall-rules": netfilter.rules,
    "chrony-tracking": clocks.chrony_tracking,
    "time-sources": clocks.time_sources,
    "certificate-paths": certificates.certificate_paths,
    "certificate": certificates.certificate,
    "modes": accounts.modes,
    "faillock": accounts.faillock,
    "dpkg-audit": packages.dpkg_audit,
    "units": systemd.units,
    "properties": systemd.properties,
    "unit-properties": systemd.unit_properties,
    "timers": systemd.timers,
    "fields": systemd.fields,
    "docker-ps": containers.docker_ps,
    "crictl": containers.crictl,
    "mail-queue": mail.mail_queue,
    "access-log": web.access_log,
    "journal-entries": journal.entries,
}


def known(name: str) -> bool:
    """True when `parse` has a parser of this name."""
    return has_parser(name.removeprefix("jc:")) if name.startswith("jc:") else name in PARSERS


def parse(name: str, text: str) -> Rows:
    """Rows of `text` by the parser `name`. Raises ValueError when it cannot be read, KeyError for an unknown name."""
    if name.startswith("jc:"):
        return parse_with_jc(name.removeprefix("jc:"), text)
    return PARSERS[name](text)
