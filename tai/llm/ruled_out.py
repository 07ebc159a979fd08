"""Which findings the facts that a person has stated rule out as the cause. Pure; what is a fact is `tai.ticket.stated`'s to say.

A word rules out a whole category only when it names all of it: "it is not the disk". A narrower one ("the inodes are fine")
rules out the signatures that carry it in their name, and a name of something on the host (`/srv`, `nginx`) what is about that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tai.model import Finding, Pinned

_CATEGORIES: Final[dict[str, frozenset[str]]] = {
    "disk": frozenset({"disk", "storage", "filesystem", "filesystems"}),
    "memory": frozenset({"memory", "ram"}),
    "dns": frozenset({"dns", "resolver", "nameserver", "resolution"}),
    "network": frozenset({"network", "networking", "connectivity"}),
    "cpu": frozenset({"cpu", "load", "processor"}),
    "hardware": frozenset({"hardware"}),
    "auth": frozenset({"auth", "authentication", "authorisation", "authorization"}),
    "containers": frozenset({"container", "docker", "podman", "kubernetes"}),
    "database": frozenset({"database", "db"}),
    "packages": frozenset(
        {
            "deploy",
            "deployed",
            "deployment",
            "release",
            "released",
            "rollout",
            "upgrade",
            "upgraded",
            "update",
            "updated",
        }
    ),
    "limits": frozenset({"limit", "ulimit"}),
}
# What a thing is said to do or be stands in many signatures' names and names none.
_STATES_WORDS: Final = """
    full fail failed start stop stopped exited exit refused timeout hit down lost denied missing bad killed broken error slow high low
    no not too many used unused left out off unit port file read only state wrong expired running working available reachable
"""
_STATES: Final = frozenset(_STATES_WORDS.split())
# Other words by which people call what a signature's name says.
_ALIKE: Final[dict[str, str]] = {
    "certificate": "cert",
    "ssl": "tls",
    "ntp": "clock",
    "time": "clock",
    "chrony": "clock",
    "inodes": "inode",
    "ram": "memory",
    "filesystem": "disk",
}
_TOKEN = re.compile(r"[a-z0-9]+")


def ruled_out(finding: Finding, pinned: Iterable[Pinned]) -> Pinned | None:
    """The fact that rules this finding out as the cause, None when none does."""
    return next((fact for fact in pinned if _excludes(fact, finding)), None)


def _excludes(fact: Pinned, finding: Finding) -> bool:
    subject = finding.subject.lower()
    words = [_stem(word) for word in fact.excludes]
    named = [word for word in words if _is_name(word, subject)]
    if named:
        return True
    # "the disk /srv is fine" speaks of /srv alone, whatever else is a disk.
    if any("/" in word for word in words):
        return False
    return any(
        finding.category == category and word in names
        for word in words
        for category, names in _CATEGORIES.items()
    ) or _names_signature(words, finding)


def _is_name(word: str, subject: str) -> bool:
    bare = re.sub(r"\.(?:service|socket|timer|mount)$", "", subject)
    return bool(word) and word in {subject, bare, subject.rpartition("/")[2] if "/" not in word else subject}


def _names_signature(words: Sequence[str], finding: Finding) -> bool:
    tokens = {_alike(token) for token in _TOKEN.findall(finding.signature)} - _STATES
    return any(_alike(word) in tokens for word in words if word not in _STATES and len(word) > 2)


def _alike(word: str) -> str:
    return _ALIKE.get(word, word)


def _stem(word: str) -> str:
    word = word.lower().removesuffix(".service")
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us")) else word
