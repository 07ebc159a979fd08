"""Outputs about memory, pressure, taint and kernel limits: files below /proc, and free."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

_MEMINFO = re.compile(r"(?P<key>[A-Za-z_]+(?:\([a-z_]+\))?):\s+(?P<value>\d+)(?: kB)?")


def meminfo(text: str) -> Rows:
    """/proc/meminfo → one row: memory_kb, available_kb, available_percent, swap_kb, swap_free_kb, swap_used_percent.

    Who has the rest, of all memory: shmem_percent (tmpfs and shared memory), slab_percent (the kernel's own objects that
    it cannot give back), page_tables_percent, huge_percent (set aside as huge pages), huge_free_percent (of these, unused),
    broken_kb (taken out of use after memory errors). Kernels before 3.14 have no MemAvailable; free memory and caches
    stand in for it then (an upper bound). Source: kernel Documentation/filesystems/proc.rst.
    """
    values, at = _meminfo_values(text)
    if "MemTotal" not in values:
        raise ValueError("no MemTotal")
    total = values["MemTotal"]
    shown = "MemAvailable" if "MemAvailable" in values else "MemFree"
    available = values.get(
        "MemAvailable", sum(values.get(key, 0) for key in ("MemFree", "Buffers", "Cached"))
    )
    swap, swap_free = values.get("SwapTotal", 0), values.get("SwapFree", 0)
    huge, huge_free = values.get("HugePages_Total", 0), values.get("HugePages_Free", 0)
    told = {
        "memory_kb": (total, "MemTotal"),
        "available_kb": (available, shown),
        "available_percent": (percent(available, total), shown),
        "swap_kb": (swap, "SwapTotal"),
        "swap_free_kb": (swap_free, "SwapFree"),
        "swap_used_percent": (percent(swap - swap_free, swap), "SwapFree"),
        "shmem_percent": (percent(values.get("Shmem", 0), total), "Shmem"),
        "slab_percent": (percent(values.get("SUnreclaim", 0), total), "SUnreclaim"),
        "page_tables_percent": (percent(values.get("PageTables", 0), total), "PageTables"),
        "huge_percent": (percent(huge * values.get("Hugepagesize", 0), total), "HugePages_Total"),
        "huge_free_percent": (percent(huge_free, huge), "HugePages_Free"),
        "broken_kb": (values.get("HardwareCorrupted", 0), "HardwareCorrupted"),
    }
    row: Row = {key: value for key, (value, _) in told.items()}
    return [
        {
            **row,
            "_line": at["MemTotal"],
            "_at": {key: at.get(line, at["MemTotal"]) for key, (_, line) in told.items()},
        }
    ]


def _meminfo_values(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """What each name says, in kB or as a count, and in which line."""
    values: dict[str, int] = {}
    at: dict[str, int] = {}
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _MEMINFO.match(line):
            values[found["key"]] = int(found["value"])
            at[found["key"]] = index
    return values, at


_MODE = re.compile(r"overcommit_memory(?: <==\n| = )(?P<mode>[012])$", re.MULTILINE)


def overcommit(text: str) -> Rows:
    """`head` of vm/overcommit_memory and /proc/meminfo → mode (0, 1, 2), committed_kb, limit_kb, committed_percent.

    The limit is enforced in mode 2 only. Source: kernel Documentation/mm/overcommit-accounting.rst.
    """
    mode = _MODE.search(text)
    values, at = _meminfo_values(text)
    if mode is None or not {"CommitLimit", "Committed_AS"} <= values.keys():
        raise ValueError("not both of overcommit_memory and CommitLimit")
    committed, limit = values["Committed_AS"], values["CommitLimit"]
    return [
        {
            "mode": int(mode["mode"]),
            "committed_kb": committed,
            "limit_kb": limit,
            "committed_percent": percent(committed, limit),
            "_line": at["Committed_AS"],
            "_at": {
                "mode": text.count("\n", 0, mode.start("mode")) + 1,
                "limit_kb": at["CommitLimit"],
            },
        }
    ]


_FREE = re.compile(r"(?P<what>Mem|Swap):\s+(?P<total>\S+)\s+(?P<used>\S+)\s+(?P<free>\S+)(?P<rest>.*)")
_SIZE = re.compile(r"(?P<number>[\d.]+)(?P<unit>[BKMGTP]?)i?B?")
_KB = {"B": 1 / 1024, "": 1, "K": 1, "M": 1024, "G": 1024**2, "T": 1024**3, "P": 1024**4}


def free(text: str) -> Rows:
    """`free` with any unit → available_percent, swap_used_percent, and available, memory, swap (kB, if no unit was chosen).

    The old form, before procps 3.3.10 and in old busybox, counts caches as used and has them back in a line of its own.
    Source: free(1).
    """
    row: Row = {"_at": {}}
    for index, line in enumerate(text.split("\n"), start=1):
        if cached := re.match(r"-/\+ buffers/cache:\s+\S+\s+(\S+)", line):
            row.update(available_kb=_kb(cached[1]))
            row["_at"].update(available_kb=index)
        elif (found := _FREE.match(line)) and found["what"] == "Mem":
            row.update(memory_kb=_kb(found["total"]), available_kb=_kb((found["rest"].split() or ["0"])[-1]))
            row["_line"] = index
        elif found:
            total, left = _kb(found["total"]), _kb(found["free"])
            row.update(swap_kb=total, swap_free_kb=left, swap_used_percent=percent(total - left, total))
            row["_at"].update(dict.fromkeys(("swap_kb", "swap_free_kb", "swap_used_percent"), index))
    if "memory_kb" not in row:
        raise ValueError("no 'Mem:' line")
    row["available_percent"] = percent(row["available_kb"], row["memory_kb"])
    if "available_kb" in row["_at"]:
        row["_at"]["available_percent"] = row["_at"]["available_kb"]
    return [row]


def _kb(shown: str) -> int:
    found = _SIZE.fullmatch(shown)
    if found is None:
        raise ValueError(f"'{shown}' is no size")
    return int(float(found["number"]) * _KB[found["unit"]])


# Letter and meaning by bit, from kernel Documentation/admin-guide/tainted-kernels.rst.
_TAINTS = (
    ("P", "a proprietary module was loaded"),
    ("F", "a module was loaded by force"),
    ("S", "the processor is out of specification"),
    ("R", "a module was unloaded by force"),
    ("M", "the processor reported a machine check"),
    ("B", "a bad memory page was found"),
    ("U", "a program asked for the mark"),
    ("D", "the kernel died: it had an oops or a BUG"),
    ("A", "an ACPI table was overridden"),
    ("W", "the kernel issued a warning"),
    ("C", "a staging driver was loaded"),
    ("I", "a firmware bug is worked around"),
    ("O", "a module from outside the kernel's tree was loaded"),
    ("E", "an unsigned module was loaded"),
    ("L", "a soft lockup occurred"),
    ("K", "a live patch was applied"),
    ("X", "the distribution's own mark"),
    ("T", "the kernel was built with the structure layout randomised"),
    ("N", "a test ran in the kernel"),
)


def taint(text: str) -> Rows:
    """/proc/sys/kernel/tainted, or sysctl's line of it → value, flags (letters, as the kernel's traces show them), reasons.

    Zero gives no reasons. Source: kernel Documentation/admin-guide/tainted-kernels.rst.
    """
    words = text.split()
    if not words or not words[-1].isdigit():
        raise ValueError("not a number")
    value = int(words[-1])
    on = [taint for bit, taint in enumerate(_TAINTS) if value >> bit & 1]
    return [
        {
            "value": value,
            "flags": "".join(letter for letter, _ in on),
            "reasons": "; ".join(reason for _, reason in on),
            "_line": text[: text.rindex(words[-1])].count("\n") + 1,
        }
    ]


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
