"""Outputs about disks: df, du, findmnt and mount, /proc/mdstat."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, number

# GNU and busybox say Use%, IUse%, Capacity (-P); the columns before differ, the last two do not.
_DF_PERCENT = re.compile(r"(?P<used>\d+)%|-")
_DF_HEADER = re.compile(r"(?P<what>IUse%|Use%|Capacity)\s+Mounted on", re.IGNORECASE)


def df(text: str) -> Rows:
    """df of any columns → filesystem, type ('' when not shown), mount, available, and use_percent or inode_percent.

    available: as printed, a number or a human size. Rows without a percentage (`-`, pseudo filesystems) are left out.
    A device name so long that df put the rest on the next line is joined with it. Source: coreutils df.c, busybox df.c.
    """
    lines = text.split("\n")
    start = next((index for index, line in enumerate(lines) if _DF_HEADER.search(line)), None)
    if start is None:
        raise ValueError("no df header")
    header = _DF_HEADER.search(lines[start])
    assert header is not None  # noqa: S101 - found by the same expression one line above
    # busybox heads the share of inodes Use%, as that of space; only the column of their number tells.
    counts_inodes = header["what"].lower() == "iuse%" or re.search(r"\bInodes\b", lines[start])
    field = "inode_percent" if counts_inodes else "use_percent"
    has_type = bool(re.search(r"\bType\b", lines[start]))
    rows: Rows = []
    carried = ""
    for index in range(start + 1, len(lines)):
        words = (carried + lines[index]).split()
        carried = ""
        if len(words) == 1:
            carried = words[0] + " "
            continue
        at = next((n for n in range(len(words) - 2, 1, -1) if _DF_PERCENT.fullmatch(words[n])), None)
        if at is None or words[at] == "-":
            continue
        rows.append(
            {
                "filesystem": words[0],
                "type": words[1] if has_type else "",
                "available": number(words[at - 1]),
                field: int(words[at].removesuffix("%")),
                "mount": " ".join(words[at + 1 :]),
                "_line": index + 1,
            }
        )
    return rows


_DU = re.compile(r"(?P<size>\d+(?:[.,]\d+)?)(?P<unit>[KMGTP]?)i?B?\s+(?P<path>/.*|\..*)")
_UNITS = {"": 1024, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "P": 1024**5}


def du(text: str) -> Rows:
    """`du`, with or without -h → path, size (as printed), bytes. A size without a letter is in KiB, as du prints it."""
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _DU.fullmatch(line.strip()):
            size = float(found["size"].replace(",", ".")) * _UNITS[found["unit"]]
            shown = found["size"] + (found["unit"] or "K")
            rows.append({"path": found["path"], "size": shown, "bytes": int(size), "_line": index})
    if not rows:
        raise ValueError("no line with a size and a path")
    return rows


_MOUNT = re.compile(r"(?P<source>\S+) on (?P<mount>.+) type (?P<type>\S+) \((?P<options>[^)]*)\)")


def mounts(text: str) -> Rows:
    """`findmnt --list -o TARGET,SOURCE,FSTYPE,OPTIONS` or `mount` → mount, source, type, options (a list), read_only.

    Raises ValueError when not one line is of either form.
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _MOUNT.match(line):
            row: Row = dict(found.groupdict())
        else:
            words = line.split()
            if len(words) < 4 or not words[0].startswith("/"):
                continue
            # A target with blanks is escaped by findmnt (\x20), so four words it is.
            row = {"mount": words[0], "source": words[1], "type": words[2], "options": words[3]}
        options = str(row["options"]).split(",")
        rows.append({**row, "options": options, "read_only": is_read_only(options), "_line": index})
    if not rows:
        raise ValueError("no mounts")
    return rows


def is_read_only(options: list[str]) -> bool:
    """Whether the options in force refuse writes. Since Linux 6.15 ext4 says emergency_ro after an error, beside rw."""
    return not {"ro", "emergency_ro"}.isdisjoint(options)


_ARRAY = re.compile(
    r"(?P<name>md\S*) : (?P<state>active|inactive)(?: \((?:auto-)?read-only\))?(?: (?P<level>[a-z]+\d*))? (?P<members>.*)"
)
_MEMBER = re.compile(r"(?P<device>[\w-]+)\[\d+\](?P<flags>(?:\([A-Z]\))*)")
_HEALTH = re.compile(r"\[(?P<want>\d+)/(?P<have>\d+)\] \[(?P<map>[U_]+)\]")
_RECOVERY = re.compile(r"\b(?P<what>recovery|resync|reshape|check)\s*=\s*(?P<done>[\d.]+)%")


def mdstat(text: str) -> Rows:
    """/proc/mdstat → name, state, level, members, faulty (names marked `(F)`, joined by blanks), faulty_count, want, have, missing.

    want and have: members the array should and does have; missing: want - have, 0 for arrays without redundancy.
    recovery: per cent done, None when nothing is rebuilt. Source: kernel Documentation/admin-guide/md.rst.
    """
    if "Personalities" not in text and not _ARRAY.search(text):
        raise ValueError("not /proc/mdstat")
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _ARRAY.match(line):
            members = list(_MEMBER.finditer(found["members"]))
            faulty = [member["device"] for member in members if "(F)" in member["flags"]]
            rows.append(
                {
                    "name": found["name"],
                    "state": found["state"],
                    "level": found["level"] or "",
                    "members": " ".join(member["device"] for member in members),
                    "faulty": " ".join(faulty),
                    "faulty_count": len(faulty),
                    "want": 0,
                    "have": 0,
                    "missing": 0,
                    "recovery": None,
                    "_line": index,
                    "_at": {},
                }
            )
            continue
        if not rows:
            continue
        row = rows[-1]
        if health := _HEALTH.search(line):
            want, have = int(health["want"]), int(health["have"])
            row.update(want=want, have=have, missing=want - have)
            row["_at"].update(want=index, have=index, missing=index)
        if recovery := _RECOVERY.search(line):
            row["recovery"] = float(recovery["done"])
            row["_at"]["recovery"] = index
    return rows
