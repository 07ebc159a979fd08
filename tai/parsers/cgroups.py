"""The limits of control groups and how near to them their processes are. Both versions; from files below /sys/fs/cgroup."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

_FILE = re.compile(r"==> (?P<path>/sys/fs/cgroup/\S+) <==")
_PAIR = re.compile(r"(?P<key>[a-z_]+) (?P<value>\d+)")
# cgroup v1 writes "no limit" as the largest multiple of the page size below 2^63.
_NO_LIMIT = 1 << 62
# Single-value files of both versions, and what the rows call them. memory.failcnt counts as v2's `max` events do.
_SINGLE = {
    "memory.current": "memory",
    "memory.usage_in_bytes": "memory",
    "memory.max": "memory_max",
    "memory.limit_in_bytes": "memory_max",
    "memory.high": "memory_high",
    "memory.failcnt": "memory_max_events",
    "memory.swap.current": "swap",
    "pids.current": "pids",
    "pids.max": "pids_max",
}
# (file, key) of the files that hold many values. `oom_kill` stands in v1's memory.oom_control since Linux 4.13.
_KEYED = {
    ("memory.events", "oom_kill"): "oom_kills",
    ("memory.oom_control", "oom_kill"): "oom_kills",
    ("memory.oom_control", "under_oom"): "under_oom",
    ("memory.events", "max"): "memory_max_events",
    ("memory.events", "high"): "memory_high_events",
    ("pids.events", "max"): "pids_max_events",
    ("cpu.stat", "nr_periods"): "periods",
    ("cpu.stat", "nr_throttled"): "throttled",
    ("memory.stat", "anon"): "anon",
    ("memory.stat", "file"): "file",
    ("memory.stat", "shmem"): "shmem",
}
_CONTROLLERS = re.compile(
    r"/sys/fs/cgroup(?:/(?:unified|memory|pids|cpu,cpuacct|cpuacct,cpu|cpu|systemd))?(?=/|$)"
)


def cgroup(text: str) -> Rows:
    """`head -v` of a control group's files → one row for each group.

    cgroup: its path below the hierarchy, `/` for the root; memory, memory_max, memory_high, swap, anon, file, shmem:
    bytes; pids, pids_max; oom_kills, memory_max_events, memory_high_events, pids_max_events, periods, throttled: counts
    since the group was made. memory_percent, pids_percent, throttled_percent: of the limit, of the limit, of periods.
    What has no limit, or was not printed, is left out. Source: kernel Documentation/admin-guide/cgroup-v2.rst and
    cgroup-v1/memory.rst.
    """
    rows: dict[str, Row] = {}
    row: Row | None = None
    file = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _FILE.match(line):
            folder, _, file = header["path"].rpartition("/")
            name = _CONTROLLERS.sub("", folder, count=1) or "/"
            row = rows.setdefault(name, {"cgroup": name, "_line": index, "_at": {}})
        elif row is not None and file in _SINGLE and line.strip().isdigit():
            value = int(line)
            if value < _NO_LIMIT:
                _put(row, _SINGLE[file], value, index)
        elif (
            row is not None
            and (found := _PAIR.fullmatch(line.strip()))
            and (key := _KEYED.get((file, found["key"])))
        ):
            _put(row, key, int(found["value"]), index)
    if not rows:
        raise ValueError("no '==> /sys/fs/cgroup/… <==' header")
    for each in rows.values():
        for share, part, whole in (
            ("memory_percent", "memory", "memory_max"),
            ("pids_percent", "pids", "pids_max"),
            ("throttled_percent", "throttled", "periods"),
        ):
            if part in each and each.get(whole):
                _put(each, share, percent(each[part], each[whole]), each["_at"][part])
    return list(rows.values())


def _put(row: Row, key: str, value: int | float, line: int) -> None:
    row[key] = value
    row["_at"][key] = line


_OOM = re.compile(
    r"oom-kill:constraint=(?P<constraint>\w+),.*?(?:oom_memcg=(?P<limit>[^,]+),)?task_memcg=(?P<cgroup>[^,]+),task=(?P<task>[^,]+),pid=(?P<pid>\d+)"
)
_OOM_BEFORE_5 = re.compile(r"Task in (?P<cgroup>\S+) killed as a result of limit of (?P<limit>\S+)")


def oom(text: str) -> Rows:
    """The kernel's records of OOM kills → constraint, limit (the group whose limit was reached, '' for the host's), cgroup, task, pid.

    None is an answer: no rows. Source: mm/oom_kill.c (since 5.0), mm/memcontrol.c (before).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _OOM.search(line):
            told = {key: value or "" for key, value in found.groupdict().items()}
            rows.append({**told, "pid": int(told["pid"]), "_line": index})
        elif found := _OOM_BEFORE_5.search(line):
            rows.append({"constraint": "CONSTRAINT_MEMCG", **found.groupdict(), "_line": index})
    return rows
