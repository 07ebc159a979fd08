"""Which boots a host has had, and how long each lasted."""

from __future__ import annotations

import re
from datetime import datetime

from tai.parsers.rows import Rows

_TIME = r"\w{3} (?P<%s>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) [\w+-]+"
# Before systemd 251 a dash stands between the two times, afterwards blanks, under a header.
_BOOT = re.compile(
    r"\s*(?P<index>-?\d+)\s+(?P<boot>[0-9a-f]{32})\s+" + _TIME % "first" + r"(?:—|\s+)" + _TIME % "last"
)


def boots(text: str) -> Rows:
    """`journalctl --list-boots` → index (0 is this boot), boot, first, last (the host's zone, as printed), length_s.

    length_s: seconds from the first to the last entry, by the host's own clock. Source: journalctl(1).
    """
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _BOOT.match(line):
            lasted = datetime.fromisoformat(found["last"]) - datetime.fromisoformat(found["first"])
            rows.append(
                {
                    **found.groupdict(),
                    "index": int(found["index"]),
                    "length_s": int(lasted.total_seconds()),
                    "_line": number,
                }
            )
    if not rows:
        raise ValueError("no boots")
    return rows
