"""What a host's own configuration says about its network: addresses, names and domains that are the host's to know.

Not evidence of a fault, and not what a log mentions: a log holds what strangers sent. Only the resolver's configuration,
/etc/hosts, and the host's own addresses and routes count, as the programs of Debian 12 and RHEL 9 print them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

_RESOLVER_FILES = re.compile(
    r"/etc/resolv\.conf|/run/(?:systemd/resolve|NetworkManager|resolvconf)/[\w.-]*resolv\.conf"
)
_TABLES = frozenset({"route", "address", "addr", "a", "r"})
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
# What every hosts file holds (Debian's and RHEL's), and so says nothing.
_EVERYWHERE = re.compile(r"localhost(?:\d|\.localdomain\d?)?|ip6-\w+")
_DOMAIN_LINE = re.compile(r"(?m)^\s*(?:search|domain|DNS Domain:)\s+(.+)$")


@dataclass(frozen=True, slots=True)
class Inventory:
    """addresses: as written, lower case; names, domains: lower case, without the dot at the end."""

    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def __or__(self, other: Inventory) -> Inventory:
        return Inventory(
            self.addresses | other.addresses, self.names | other.names, self.domains | other.domains
        )


def read(argv: Sequence[str], text: str) -> Inventory:
    """What `argv` printed as `text` tells; nothing when it is not one of the sources above."""
    if argv[0] in {"cat", "head", "tail", "grep"}:
        if argv[-1] == "/etc/hosts":
            return _hosts_file(text)
        if not _RESOLVER_FILES.fullmatch(argv[-1]):
            return Inventory()
    elif argv[0] == "resolvectl":
        if "query" in argv:
            return Inventory()
    elif argv[0] != "ip" or _TABLES.isdisjoint(argv) or "get" in argv:  # `ip route get X` prints X
        return Inventory()
    uncommented = re.sub(r"(?m)[#;].*$", "", text)
    domains = (word for found in _DOMAIN_LINE.findall(uncommented) for word in found.split())
    return Inventory(
        addresses=_addresses(uncommented),
        domains=frozenset(
            bare for word in domains if _NAME.fullmatch(bare := word.lstrip("~").lower().rstrip("."))
        ),
    )


def is_address(word: str) -> bool:
    """Whether `word` is an IP address, perhaps with a zone (`fe80::1%eth0`)."""
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _hosts_file(text: str) -> Inventory:
    addresses: set[str] = set()
    names: set[str] = set()
    for line in text.splitlines():
        address, *others = line.partition("#")[0].split() or [""]
        if is_address(address):
            addresses.add(address.lower())
            names.update(
                name.lower().rstrip(".")
                for name in others
                if _NAME.fullmatch(name) and not _EVERYWHERE.fullmatch(name.lower())
            )
    return Inventory(frozenset(addresses), frozenset(names))


def _addresses(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _ADDRESS.findall(text) if is_address(word))
