"""Outputs of systemctl, and the two plain `key = value` forms that it and its neighbours print."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, number, percent

_UNIT = re.compile(
    r"[●*x×↻○ ]*(?P<unit>\S+\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope))"
    r"\s+(?P<load>\S+)\s+(?P<active>\S+)\s+(?P<sub>\S+)\s*(?P<description>.*)"
)


def units(text: str) -> Rows:
    """`systemctl list-units`, with or without legend and marks → unit, load, active, sub, description.

    An empty list is no error: nothing is failed. Source: systemctl(1).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if (found := _UNIT.fullmatch(line.rstrip())) and found["load"] != "LOAD":
            rows.append({**found.groupdict(), "_line": index})
    return rows


def properties(text: str) -> Rows:
    """`systemctl show` → one row per block of `Key=value` lines; blocks are parted by empty lines.

    A value made of digits is a number. A key that comes twice keeps its first value. Raises ValueError without any.
    """
    rows: Rows = []
    row: Row | None = None
    for index, line in enumerate(text.split("\n"), start=1):
        key, equals, value = line.partition("=")
        if not equals or not key.isalnum():
            row = None if not line.strip() else row
            continue
        if row is None:
            row = {"_line": index, "_at": {}}
            rows.append(row)
        if key not in row:
            row[key] = number(value) if value.isdigit() else value
            row["_at"][key] = index
    if not rows:
        raise ValueError("no Key=value lines")
    return rows


def unit_properties(text: str) -> Rows:
    """As `properties`, and tasks_percent, memory_percent: of the unit's limits, absent where there is none or no figure."""
    rows = properties(text)
    for row in rows:
        for field, used, most in (
            ("tasks_percent", "TasksCurrent", "TasksMax"),
            ("memory_percent", "MemoryCurrent", "MemoryMax"),
        ):
            # No limit is `infinity`, or 2^64-1 before systemd 229; no figure is `[not set]`.
            if isinstance(row.get(used), int) and isinstance(row.get(most), int) and 0 < row[most] < 1 << 62:
                row[field] = percent(row[used], row[most])
                row["_at"][field] = row["_at"][used]
    return rows


_TIMER = re.compile(r"(?P<unit>\S+\.timer)(?:\s+(?P<activates>\S+))?\s*$")


def timers(text: str) -> Rows:
    """`systemctl list-timers --all` with its header → unit, activates, next, last; '' for a time that is not known.

    Columns are cut by the header, since times hold blanks; without a timer there is only the legend. `-` (systemd 250
    and later) and `n/a` mean that there is no such time. Raises ValueError without the header. Source: systemctl(1).
    """
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines) if line.startswith("NEXT ") and " UNIT" in line), None)
    if at is None:
        if "0 timers listed" in text:
            return []
        raise ValueError("no header of list-timers")
    starts = {name: lines[at].index(name) for name in ("LEFT", "LAST", "PASSED", "UNIT")}
    rows: Rows = []
    for index, line in enumerate(lines[at + 1 :], start=at + 2):
        if not (found := _TIMER.search(line, starts["UNIT"])):
            continue
        times = {"next": line[: starts["LEFT"]], "last": line[starts["LAST"] : starts["PASSED"]]}
        told = {key: "" if time.strip() in {"-", "n/a"} else time.strip() for key, time in times.items()}
        rows.append({"unit": found["unit"], "activates": found["activates"] or "", **told, "_line": index})
    return rows


_FIELD = re.compile(r"\s*(?P<key>[A-Z][A-Za-z0-9 /()_.-]{0,60}?)\s*:\s+(?P<value>.+)")


def fields(text: str) -> Rows:
    """`Key : value` lines (chronyc tracking, timedatectl) → one row; keys in lower case, blanks as underscores.

    `System time : 0.000012 seconds slow` → `system_time`. Raises ValueError when there are none.
    """
    row: Row = {"_line": 1, "_at": {}}
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _FIELD.fullmatch(line):
            key = re.sub(r"\W+", "_", found["key"].lower()).strip("_")
            if key not in row:
                row[key] = number(found["value"].strip())
                row["_at"][key] = index
    if len(row) == 2:
        raise ValueError("no 'Key : value' lines")
    row["_line"] = min(row["_at"].values())
    return [row]
