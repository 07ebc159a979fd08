"""Outputs about memory, pressure and kernel limits, from files below /proc."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows, percent

_MEMINFO = re.compile(r"(?P<key>[A-Za-z_]+(?:\([a-z_]+\))?):\s+(?P<value>\d+)(?: kB)?")


def meminfo(text: str) -> Rows:
    """/proc/meminfo → one row: memory_kb, available_kb, available_percent, swap_kb, swap_free_kb, swap_used_percent.

    Kernels before 3.14 have no MemAvailable; free memory and caches stand in for it then (an upper bound).
    Source: kernel Documentation/filesystems/proc.rst.
    """
    values: dict[str, int] = {}
    at: dict[str, int] = {}
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _MEMINFO.match(line):
            values[found["key"]] = int(found["value"])
            at[found["key"]] = index
    if "MemTotal" not in values:
        raise ValueError("no MemTotal")
    shown = "MemAvailable" if "MemAvailable" in values else "MemFree"
    available = values.get(
        "MemAvailable", sum(values.get(key, 0) for key in ("MemFree", "Buffers", "Cached"))
    )
    swap, swap_free = values.get("SwapTotal", 0), values.get("SwapFree", 0)
    row = {
        "memory_kb": values["MemTotal"],
        "available_kb": available,
        "available_percent": percent(available, values["MemTotal"]),
        "swap_kb": swap,
        "swap_free_kb": swap_free,
        "swap_used_percent": percent(swap - swap_free, swap),
        "_line": at["MemTotal"],
        "_at": {
            "available_kb": at.get(shown, at["MemTotal"]),
            "available_percent": at.get(shown, at["MemTotal"]),
            "swap_kb": at.get("SwapTotal", at["MemTotal"]),
            "swap_free_kb": at.get("SwapFree", at["MemTotal"]),
            "swap_used_percent": at.get("SwapFree", at["MemTotal"]),
        },
    }
    return [row]


_FILE = re.compile(r"==> (?P<path>\S+) <==")
_PRESSURE = re.compile(
    r"(?P<kind>some|full) avg10=(?P<avg10>[\d.]+) avg60=(?P<avg60>[\d.]+) avg300=(?P<avg300>[\d.]+)"
)


def pressure(text: str) -> Rows:
    """`head -v /proc/pressure/…` → resource, kind (some, full), avg10, avg60, avg300: per cent of time stalled.

    Source: kernel Documentation/accounting/psi.rst.
    """
    rows: Rows = []
    resource = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if name := _FILE.match(line):
            resource = name["path"].rpartition("/")[2]
        elif found := _PRESSURE.match(line):
            averages = {key: float(found[key]) for key in ("avg10", "avg60", "avg300")}
            rows.append({"resource": resource, "kind": found["kind"], **averages, "_line": index})
    if not rows:
        raise ValueError("no pressure averages")
    return rows


def file_nr(text: str) -> Rows:
    """/proc/sys/fs/file-nr → open, max, used_percent. Source: kernel Documentation/admin-guide/sysctl/fs.rst."""
    words = text.split()
    if len(words) != 3 or not all(word.isdigit() for word in words):
        raise ValueError("not three numbers")
    opened, most = int(words[0]), int(words[2])
    return [{"open": opened, "max": most, "used_percent": percent(opened, most), "_line": 1}]


_TIMES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")


def cpu_times(text: str) -> Rows:
    """The `cpu` line of /proc/stat → one row: user, nice, system, idle, iowait, irq, softirq, steal: per cent since boot.

    guest time is part of user and nice, so it is left out of the sum. Source: proc(5), /proc/stat.
    """
    for index, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words[:1] == ["cpu"] and len(words) >= 5 and all(word.isdigit() for word in words[1:]):
            ticks = dict(zip(_TIMES[:8], map(int, words[1:9]), strict=False))
            total = sum(ticks.values())
            return [{**{name: percent(spent, total) for name, spent in ticks.items()}, "_line": index}]
    raise ValueError("no cpu line")
