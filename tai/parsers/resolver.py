"""What the resolver is told: resolv.conf and the `hosts` line of nsswitch.conf."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows

_SERVER = re.compile(r"nameserver\s+(?P<address>\S+)")
_SETTING = re.compile(r"(?:search|domain|options|sortlist)\b")


def resolv_conf(text: str) -> Rows:
    """resolv.conf → a row for the file (address '', its line the first that says something), then one for each name server.

    address; servers: how many there are in the file; place: 1 for the first, 0 for the file's own row; asked: glibc asks this one (MAXNS of its resolv.h is three).
    stub: systemd-resolved's own; loopback: a resolver on this host. What cat says of a file that is not there has no rows. Raises
    ValueError for other text that is no resolv.conf. Source: resolv.conf(5).
    """
    rows: Rows = []
    if text.startswith("cat: "):
        return rows
    first = 0
    for index, line in enumerate(text.split("\n"), start=1):
        words = line.strip()
        if words and not first:
            first = index
        if not words or words[0] in "#;":
            continue
        if found := _SERVER.match(words):
            address = found["address"]
            rows.append(
                {
                    "address": address,
                    "place": len(rows) + 1,
                    "asked": len(rows) < 3,
                    "loopback": address.startswith("127.") or address == "::1",
                    "stub": address in {"127.0.0.53", "127.0.0.54"},
                    "_line": index,
                }
            )
        elif not _SETTING.match(words):
            raise ValueError(f"no line of resolv.conf: {words[:60]}")
    if not first:
        raise ValueError("an empty file")
    own: Row = {
        "address": "",
        "place": 0,
        "asked": False,
        "loopback": False,
        "stub": False,
        "_line": rows[0]["_line"] if rows else first,
    }
    return [{**row, "servers": len(rows)} for row in (own, *rows)]


_DATABASE = re.compile(r"(?P<database>[a-z_]+):\s*(?P<sources>[^#]*)")


def nsswitch(text: str) -> Rows:
    """nsswitch.conf → database, sources (names in order, without what stands in brackets), asks_dns.

    asks_dns: one of the sources of `hosts` can ask a name server. Raises ValueError without any. Source: nsswitch.conf(5).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _DATABASE.match(line):
            sources = re.sub(r"\[[^\]]*\]", " ", found["sources"]).split()
            asks = bool({"dns", "resolve"}.intersection(sources))
            rows.append({"database": found["database"], "sources": sources, "asks_dns": asks, "_line": index})
    if not rows:
        raise ValueError("no line of nsswitch.conf")
    return rows
