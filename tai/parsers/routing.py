"""Where packets go: routing table, neighbours, bonds, and counters of links where there is no `ip -s`.

Not links themselves (`tai.parsers.network`) and not sockets (`tai.parsers.sockets`).
"""

from __future__ import annotations

import re
from typing import Any

from tai.parsers.network import PHYSICAL
from tai.parsers.rows import Row, Rows, number, percent

_ROUTE = re.compile(
    r"(?:(?P<kind>unicast|local|broadcast|multicast|throw|unreachable|prohibit|blackhole|nat|anycast)\s+)?"
    r"(?P<destination>default|[0-9a-fA-F.:]+(?:/\d+)?)\b(?P<rest>.*)"
)
_NEXT_HOP = re.compile(r"\s+nexthop\b(?P<rest>.*)")
_PAIR = re.compile(r"\b(via|dev|proto|scope|src|metric|mtu|table)\s+(?:inet6? )?(\S+)")


def routes(text: str) -> Rows:
    """`ip route show` → destination, kind, via, link, source, metric, ipv6, flags, defaults.

    kind: unicast, unreachable, blackhole, prohibit …; via: the gateway, '' on the link itself; flags: `linkdown`, `dead`,
    `onlink`; defaults: number of default routes in the whole table. A nexthop line is a row of the route above it.
    Raises ValueError without any route. Source: ip-route(8).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if (hop := _NEXT_HOP.match(line)) and rows:
            rows.append(_route(rows[-1]["destination"], "unicast", hop["rest"], index))
        elif found := _ROUTE.match(line):
            rows.append(_route(found["destination"], found["kind"] or "unicast", found["rest"], index))
    if not rows or (len(rows) == 1 and re.search(r"(?m)^ +cache\b", text)):
        # `ip route get` prints one way to one address, and `cache` below it: no table.
        raise ValueError("no routes")
    defaults = sum(row["destination"] == "default" and row["kind"] == "unicast" for row in rows)
    return [{**row, "defaults": defaults} for row in rows]


def _route(destination: str, kind: str, rest: str, index: int) -> Row:
    told = dict(_PAIR.findall(rest))
    return {
        "destination": destination,
        "kind": kind,
        "via": told.get("via", ""),
        "link": told.get("dev", ""),
        "source": told.get("src", ""),
        "metric": int(told.get("metric", "0")) if told.get("metric", "0").isdigit() else 0,
        "ipv6": ":" in destination + told.get("src", ""),
        "flags": [word for word in ("linkdown", "dead", "onlink") if re.search(rf"\b{word}\b", rest)],
        "_line": index,
    }


_NEIGHBOUR = re.compile(
    r"(?P<address>[0-9a-fA-F.:]+) dev (?P<link>\S+)(?: lladdr (?P<hardware>\S+))?.*?\s(?P<state>"
    r"PERMANENT|NOARP|REACHABLE|STALE|NONE|INCOMPLETE|DELAY|PROBE|FAILED)\b"
)
_ARP = re.compile(
    r"(?P<address>\d+\.\d+\.\d+\.\d+)\s+0x\w+\s+0x(?P<flags>\w+)\s+(?P<hardware>\S+)\s+\S+\s+(?P<link>\S+)"
)


def neighbours(text: str) -> Rows:
    """`ip neighbour show` or /proc/net/arp → address, link, hardware, state, alone (it is the only entry).

    state: as ip names it; of /proc/net/arp, flag 0x0 (no answer yet, or none any more) is INCOMPLETE, else REACHABLE.
    An empty table gives no rows. Source: ip-neighbour(8), arp(7).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _NEIGHBOUR.match(line):
            rows.append({**found.groupdict(default=""), "_line": index})
        elif found := _ARP.match(line):
            state = "INCOMPLETE" if int(found["flags"], 16) == 0 else "REACHABLE"
            rows.append(
                {
                    "address": found["address"],
                    "link": found["link"],
                    "hardware": found["hardware"],
                    "state": state,
                    "_line": index,
                }
            )
    return [{**row, "alone": len(rows) == 1} for row in rows]


_BOND_KEY = re.compile(r"(?P<key>[A-Z][\w /()-]*?): ?(?P<value>.*)")


def bonding(text: str) -> Rows:
    """/proc/net/bonding/* → one row for each member, and first one for the bond itself (member '').

    member, mode, mii (up, down, going down …), speed (Mb/s; -1 unknown), duplex, failures, active, members, partner.
    partner: the hardware address of the LACP partner, 00:00:00:00:00:00 when none answers. active: whether this is the
    active member of a bond that has one. members: how many members the bond has. Source: kernel
    Documentation/networking/bonding.rst.
    """
    rows: Rows = []
    row: Row = _member("", 1)
    active = mode = ""
    for index, line in enumerate(text.split("\n"), start=1):
        found = _BOND_KEY.fullmatch(line.strip())
        if not found:
            continue
        key, value = found["key"], found["value"].strip()
        if key == "Slave Interface":
            row = _member(value, index)
            rows.append(row)
        elif key == "Bonding Mode":
            mode = value
            row["_line"] = index
            rows.append(row)
        elif key == "Currently Active Slave":
            active = value
        elif name := _BOND_FIELDS.get(key):
            row[name] = number(value.removesuffix(" Mbps")) if name in {"speed", "failures"} else value
            row["_at"][name] = index
    if not rows or not mode:
        raise ValueError("no bond")
    members = len(rows) - 1
    return [
        {**each, "mode": mode, "members": members, "active": each["member"] == active != ""} for each in rows
    ]


_BOND_FIELDS = {
    "MII Status": "mii",
    "Speed": "speed",
    "Duplex": "duplex",
    "Link Failure Count": "failures",
    "Partner Mac Address": "partner",
}


def _member(name: str, index: int) -> Row:
    values: dict[str, Any] = {"mii": "", "speed": -1, "duplex": "", "failures": 0, "partner": ""}
    return {"member": name, **values, "_line": index, "_at": {}}


def net_dev(text: str) -> Rows:
    """/proc/net/dev → rows as of `links`, without flags and state: name, rx_ and tx_ packets, errors, dropped, and more."""
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        name, colon, counters = line.partition(":")
        values = counters.split()
        if not colon or len(values) < 16 or not all(value.isdigit() for value in values):
            continue
        told = [int(value) for value in values]
        rows.append(
            {
                "name": name.strip(),
                "flags": [],
                "state": "",
                "mtu": 0,
                "up": True,
                "no_carrier": False,
                **dict(zip(("rx_packets", "rx_errors", "rx_dropped", "rx_missed"), told[1:5], strict=True)),
                **dict(zip(("tx_packets", "tx_errors", "tx_dropped"), told[9:12], strict=True)),
                "tx_carrier": told[14],
                "errors_percent": percent(told[2], told[1] + told[2]),
                "physical": PHYSICAL.match(name.strip()) is not None,
                "_line": index,
                "_at": {},
            }
        )
    if not rows:
        raise ValueError("no links")
    return rows
