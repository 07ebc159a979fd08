"""Command output → rows. Pure; what a row *means* is said by the signatures in `collectors/`, not here.

`parse("df", text)` runs a parser of this package; `parse("jc:ps", text)` one of jc's. Each function takes the whole
text and returns rows (`tai.parsers.rows`), and raises ValueError when the text is not what it expects, which the
engine turns into the outcome `unparsed`: the lines are still evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tai.parsers import (
    boots,
    cgroups,
    disk,
    files,
    filesystems,
    journal,
    kernel,
    network,
    processors,
    storage,
    systemd,
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
    "conntrack": network.conntrack,
    "links": network.links,
    "units": systemd.units,
    "properties": systemd.properties,
    "fields": systemd.fields,
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
