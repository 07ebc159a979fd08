"""Outputs about links and connection tracking."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

_LINK = re.compile(
    r"\d+: (?P<name>[^:@\s]+)(?:@\S+)?: <(?P<flags>[^>]*)> mtu (?P<mtu>\d+).*?(?: state (?P<state>\S+))?(?: |$)"
)
_STATE = re.compile(r"\bstate (?P<state>[A-Z]+)\b")
_WANTED = {
    "rx": ("packets", "errors", "dropped", "missed"),
    "tx": ("packets", "errors", "dropped", "carrier"),
}
PHYSICAL = re.compile(r"(?:eth|en[opsxP]?\d|em\d|p\d+p|ib|bond|team|wl)")
"""Names that the kernel, udev (`enp3s0`, `eno1`, `ens18`) and old biosdevname give to cards, and those of bonds and teams."""

_COUNTERS = re.compile(r"\s+(?P<way>RX|TX): (?P<columns>.*)")


def links(text: str) -> Rows:
    """`ip -s link show` → name, flags, state, mtu, no_carrier, up, physical, errors_percent, and counters.

    Counters: rx_ and tx_ packets, errors, dropped; rx_missed (the card or the ring had no room; `overrun` of old ip) and
    tx_carrier. physical: by its name a network card or a bond, not a bridge, tunnel or container's end. errors_percent: damaged
    of received packets. up: the administrator wants it up; no_carrier: wanted up and without a link partner. Counters are since boot, and 0
    where ip did not print them. `_at` has the line of each counter. Source: ip-link(8).
    """
    rows: Rows = []
    pending: tuple[str, list[str]] | None = None
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _LINK.match(line):
            rows.append(_link(found, line, index))
            pending = None
        elif rows and (header := _COUNTERS.match(line)):
            pending = (
                header["way"].lower(),
                header["columns"].replace("overrun", "missed").replace("errs", "errors").split(),
            )
        elif pending:
            way, columns = pending
            pending = None
            values = line.split()
            # New iproute2 puts a bytes column first, old ones write "bytes  packets  errors dropped"; both align.
            for column, value in zip(columns, values, strict=False):
                if column in _WANTED[way] and value.isdigit():
                    rows[-1][f"{way}_{column}"] = int(value)
                    rows[-1]["_at"][f"{way}_{column}"] = index
    if not rows:
        raise ValueError("no links")
    for row in rows:
        row["errors_percent"] = percent(row["rx_errors"], row["rx_packets"] + row["rx_errors"])
    return rows


def _link(found: re.Match[str], line: str, index: int) -> Row:
    flags = found["flags"].split(",")
    state = _STATE.search(line)
    counters = {f"{way}_{what}": 0 for way, wanted in _WANTED.items() for what in wanted}
    return {
        "name": found["name"],
        "flags": flags,
        "state": state["state"] if state else "",
        "mtu": int(found["mtu"]),
        "up": "UP" in flags,
        "no_carrier": "NO-CARRIER" in flags,
        "physical": PHYSICAL.match(found["name"]) is not None,
        **counters,
        "_line": index,
        "_at": {},
    }


_VALUE = re.compile(r"==> \S*/nf_conntrack_(?P<what>count|max) <==\n(?P<value>\d+)")


def conntrack(text: str) -> Rows:
    """`head -v` of nf_conntrack_count and nf_conntrack_max → count, max, used_percent."""
    found = {match["what"]: match for match in _VALUE.finditer(text)}
    if set(found) != {"count", "max"}:
        raise ValueError("not both of nf_conntrack_count and nf_conntrack_max")
    count, most = int(found["count"]["value"]), int(found["max"]["value"])
    lines = {what: text.count("\n", 0, match.start("value")) + 1 for what, match in found.items()}
    row = {"count": count, "max": most, "used_percent": percent(count, most)}
    return [{**row, "_line": lines["count"], "_at": {"max": lines["max"]}}]
