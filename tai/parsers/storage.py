"""What storage says about itself: logical volumes, ZFS pools, SMART, and how long each disk lets its users wait."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, number

_LVS_HEADER = re.compile(r"\s*LV\s+VG\s+Attr\s+LSize\b")
_ZPOOL = re.compile(r"\s*pool: (?P<pool>\S+)")
_VDEV = re.compile(
    r"(?P<indent>[ \t]+)(?P<name>\S+)\s+(?P<state>[A-Z]{4,10})(?:\s+(?P<counts>\S+\s+\S+\s+\S+))?(?:\s+(?P<note>.+))?"
)
_COLUMN = re.compile(r"\S+(?: Tags)?")


def lvs(text: str) -> Rows:
    """`lvs --all` with its header → name, vg, attr, size, pool, origin, data_percent, meta_percent, copy_percent.

    A column that is empty in a row is left out. A name in brackets is a part of another volume. What stands before the
    header are lvm's warnings. Source: lvs(8); lib/report/columns.h of LVM2.
    """
    names = {"LV": "name", "VG": "vg", "Attr": "attr", "LSize": "size", "Pool": "pool", "Origin": "origin"}
    names |= {"Data%": "data_percent", "Meta%": "meta_percent", "Cpy%Sync": "copy_percent"}
    rows: Rows = []
    columns: list[tuple[str, int]] = []
    for index, line in enumerate(text.split("\n"), start=1):
        if _LVS_HEADER.match(line):
            columns = [(found[0], found.start()) for found in _COLUMN.finditer(line)]
            continue
        if not columns or len(line.split()) < 4:
            continue
        row: Row = {"_line": index}
        for word in re.finditer(r"\S+", line):
            # A value stands below its heading, whichever side it is aligned to.
            title = [name for name, start in columns if start < word.end()][-1]
            if (key := names.get(title)) and key not in row:
                row[key] = number(word[0])
        rows.append(row)
    if not columns:
        raise ValueError("no header of lvs")
    return rows


_ATTRIBUTE = re.compile(
    r"\s*(?P<id>\d+) (?P<attribute>[A-Za-z0-9_./()-]+)\s+0x[0-9a-f]{4}\s+(?P<value>\d{3})\s+(?P<worst>\d{3})\s+(?P<threshold>\d{3}|---)\s+"
    r"\S+\s+\S+\s+(?P<failed>-|FAILING_NOW|In_the_past)\s+(?P<raw>\d+)"
)
_FIELD = re.compile(
    r"(?P<key>[A-Za-z][A-Za-z _-]{2,50}?)\s*:\s+(?P<value>0x[0-9a-f]{1,2}|[\d,]+)\s*(?:%|$|\[)"
)


def zpool(text: str) -> Rows:
    """`zpool status` → one row for each pool and device: pool, name, kind, state, read, write, checksum, note.

    kind: pool, group (a mirror or raidz, whose devices follow) or device. note: what zpool says beside it, '' for nothing.
    Source: zpool-status(8) of OpenZFS.
    """
    rows: Rows = []
    pool, level, listed = "", -1, False
    seen = "no pools available" in text
    for index, line in enumerate(text.split("\n"), start=1):
        if told := _ZPOOL.fullmatch(line):
            pool, level, listed, seen = told["pool"], -1, False, True
        elif line.split()[:2] == ["NAME", "STATE"]:
            listed = True
        elif line.startswith("errors:"):
            listed = False
        elif listed and (found := _VDEV.fullmatch(line)):
            deep = len(found["indent"].expandtabs())
            if level >= 0 and deep > level and rows[-1]["kind"] == "device":
                rows[-1]["kind"] = "group"
            kind = "device" if level >= 0 else "pool"
            counts = map(number, (found["counts"] or "").split())
            row: Row = {"pool": pool, "name": found["name"], "kind": kind, "state": found["state"]}
            row |= dict(zip(("read", "write", "checksum"), counts, strict=False))
            rows.append({**row, "note": found["note"] or "", "_line": index})
            level = deep
    if not seen:
        raise ValueError("no pool in what zpool printed")
    return rows


def smart(text: str) -> Rows:
    """`smartctl -H -A` of any kind of disk, or `nvme smart-log` → rows of attribute, raw (a whole number), failed.

    ATA: attribute as smartctl names it, with value, threshold and failed (`-`, `FAILING_NOW`, `In_the_past`). NVMe and
    SCSI: attribute in lower case with underscores, `percentage_used`, `media_errors`, `elements_in_grown_defect_list`.
    A last row for the disk's own verdict, attribute `health`, raw 1 for failed. Source: smartctl(8); NVMe base
    specification, SMART / Health Information log.
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _ATTRIBUTE.match(line):
            rows.append({**found.groupdict(), "raw": int(found["raw"]), "_line": index})
        elif found := _FIELD.match(line):
            key = re.sub(r"[\W]+", "_", found["key"].lower()).strip("_")
            # smartctl spells out what nvme-cli calls media_errors.
            key = "media_errors" if key.startswith("media_and_data_integrity") else key
            raw = int(found["value"].replace(",", ""), 0)
            rows.append({"attribute": key, "raw": raw, "failed": "-", "_line": index})
        elif verdict := re.search(r"(?:self-assessment test result|SMART Health Status): (.+)", line):
            good = verdict[1].strip() in {"PASSED", "OK"}
            rows.append({"attribute": "health", "raw": int(not good), "failed": "-", "_line": index})
    if not rows:
        raise ValueError("no SMART attributes")
    return rows


_WAITS = ("await", "r_await", "w_await")


def iostat(text: str) -> Rows:
    """`iostat -x` of one or several reports → device, report (0 is since boot), util_percent, await_ms, queue.

    await_ms: the longest of its waits for reads and writes, in ms; queue: mean length. Source: iostat(1), of sysstat 10
    to 12 (avgqu-sz became aqu-sz).
    """
    rows: Rows = []
    columns: list[str] = []
    report = -1
    for index, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words and words[0].rstrip(":") == "Device":
            columns, report = words, report + 1
        elif columns and len(words) == len(columns):
            told = dict(zip(columns, (number(word.replace(",", ".")) for word in words), strict=True))
            waits = [value for key in _WAITS if isinstance(value := told.get(key), int | float)]
            rows.append(
                {
                    "device": words[0],
                    "report": report,
                    "util_percent": told.get("%util"),
                    "await_ms": max(waits, default=None),
                    "queue": told.get("aqu-sz", told.get("avgqu-sz")),
                    "_line": index,
                }
            )
        elif not words:
            columns = []
    if not rows:
        raise ValueError("no 'Device' table of iostat")
    return rows
