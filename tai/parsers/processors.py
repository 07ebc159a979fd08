"""How busy a host's processors are, and how near its kernel is to the end of its process numbers. From files below /proc."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

_HEADER = re.compile(r"==> (?P<path>\S+) <==")
_LOAD = re.compile(
    r"(?P<load1>[\d.]+) (?P<load5>[\d.]+) (?P<load15>[\d.]+) (?P<on_cpu>\d+)/(?P<threads>\d+) \d+"
)
_CPU = re.compile(r"cpu\d+ ")
_TIMES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def load(text: str) -> Rows:
    """`head` of /proc/loadavg, /proc/stat, kernel/pid_max and kernel/threads-max → one row.

    load1, load5, load15; cpus; load_per_cpu: load5 over cpus; threads: of all processes; running, blocked: tasks now;
    iowait_percent, steal_percent: of all processor time since boot; threads_max: the lower of both limits;
    threads_percent. Source: proc(5); kernel Documentation/filesystems/proc.rst, 1.7.
    """
    row: Row = {"cpus": 0, "threads_max": 0, "_at": {}}
    path = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            path = header["path"].rpartition("/")[2]
        elif (found := _LOAD.fullmatch(line.strip())) and "load1" not in row:
            averages = {key: float(found[key]) for key in ("load1", "load5", "load15")}
            _put(row, index, **averages, threads=int(found["threads"]))
            row["_line"] = index
        elif path in {"pid_max", "threads-max"} and line.strip().isdigit():
            limit = int(line)
            if not row["threads_max"] or limit < row["threads_max"]:
                _put(row, index, threads_max=limit)
        else:
            _stat_line(row, line, index)
    if "load1" not in row:
        raise ValueError("no load averages")
    at = row["_at"]
    if row["cpus"]:
        _put(row, at["load5"], load_per_cpu=round(row["load5"] / row["cpus"], 2))
    if row["threads_max"]:
        _put(row, at["threads"], threads_percent=percent(row["threads"], row["threads_max"]))
    return [row]


def _stat_line(row: Row, line: str, index: int) -> None:
    words = line.split()
    if _CPU.match(line):
        row["cpus"] += 1
    elif line.startswith("cpu ") and all(word.isdigit() for word in words[1:]):
        # guest and guest_nice, the two after steal, are counted in user and nice already.
        times = dict(zip(_TIMES, (int(word) for word in words[1:]), strict=False))
        total = sum(times.values())
        for name in ("iowait", "steal"):
            _put(row, index, **{f"{name}_percent": percent(times.get(name, 0), total)})
    elif len(words) == 2 and words[1].isdigit() and words[0] in {"procs_running", "procs_blocked"}:
        _put(row, index, **{words[0].removeprefix("procs_"): int(words[1])})


def _put(row: Row, line: int, **values: float) -> None:
    row.update(values)
    row["_at"].update(dict.fromkeys(values, line))


_STATUS = re.compile(r"(?P<key>Name|State|Pid|Threads|FDSize|VmRSS|VmSwap):\s+(?P<value>\S+)")
_LIMIT = re.compile(r"Max (?P<what>open files|processes)\s+(?P<soft>\d+|unlimited)\s+(?P<hard>\d+|unlimited)")
_KEYS = {
    "Name": "name",
    "State": "state",
    "Pid": "pid",
    "Threads": "threads",
    "FDSize": "table",
    "VmRSS": "rss_kb",
}


def process(text: str) -> Rows:
    """`head` of /proc/PID/status and /proc/PID/limits → one row for each process.

    name, pid, state, threads, rss_kb, swap_kb; table: slots of its descriptor table, which grows by doubling and never
    shrinks, so at least half of it was once in use; files_limit, processes_limit: soft limits, None for unlimited;
    table_percent: of files_limit. Source: proc_pid_status(5), proc_pid_limits(5).
    """
    rows: Rows = []
    keys = {**_KEYS, "VmSwap": "swap_kb"}
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _STATUS.match(line):
            if found["key"] == "Name":
                rows.append({"_line": index, "_at": {}})
            if rows:
                value = found["value"]
                rows[-1][keys[found["key"]]] = int(value) if value.isdigit() else value
                rows[-1]["_at"][keys[found["key"]]] = index
        elif rows and (limit := _LIMIT.match(line)):
            key = "files_limit" if limit["what"] == "open files" else "processes_limit"
            rows[-1][key] = int(limit["soft"]) if limit["soft"].isdigit() else None
            rows[-1]["_at"][key] = index
    if not rows:
        raise ValueError("no Name: line of /proc/PID/status")
    for row in rows:
        if row.get("files_limit") and "table" in row:
            row["table_percent"] = percent(row["table"], row["files_limit"])
            row["_at"]["table_percent"] = row["_at"]["files_limit"]
    return rows
