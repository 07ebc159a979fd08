"""What should be mounted and what is, and the errors that filesystems keep count of."""

from __future__ import annotations

import re

from tai.parsers.disk import is_read_only, mounts
from tai.parsers.rows import Row, Rows, percent

_HEADER = re.compile(r"==> (?P<path>\S+) <==")
_ESCAPE = re.compile(r"\\(?P<octal>[0-7]{3})")


def fstab(text: str) -> Rows:
    """`head` of /etc/fstab and a mount table (/proc/mounts, /etc/mtab) → one row for each entry of fstab that has a mount point.

    mount, source, type, options (a list), automatic (mounted at boot: no noauto, no automount), optional (nofail),
    mounted, read_only (now), read_only_wanted. An entry of type swap has no mount point. Raises ValueError without a mount table.
    Source: fstab(5), proc_mounts(5).
    """
    wanted: Rows = []
    now: dict[str, list[str]] = {}
    path = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            path = header["path"]
            continue
        words = line.split()
        if len(words) < 4 or words[0].startswith("#"):
            continue
        mount = _unescaped(words[1])
        if path.endswith("fstab"):
            if mount.startswith("/") and words[2] != "swap":
                wanted.append(_wanted(words, mount, index))
        elif path:
            # What was mounted last at a place is what one sees there.
            now[mount] = words[3].split(",")
    if not now:
        # Without it nothing would be mounted.
        raise ValueError("no mount table")
    for row in wanted:
        options = now.get(row["mount"])
        row["mounted"] = options is not None
        row["read_only"] = options is not None and is_read_only(options)
    return wanted


def _wanted(words: list[str], mount: str, line: int) -> Row:
    options = words[3].split(",")
    return {
        "mount": mount.rstrip("/") or "/",
        "source": words[0],
        "type": words[2],
        "options": options,
        "automatic": not {"noauto", "x-systemd.automount"}.intersection(options),
        "optional": "nofail" in options,
        "read_only_wanted": "ro" in options,
        "_line": line,
    }


def _unescaped(word: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found["octal"], 8)), word)


def mount_table(text: str) -> Rows:
    """The mount table in the forms of findmnt, mount and /proc/mounts → rows as `tai.parsers.disk.mounts` gives them."""
    lines = text.split("\n")
    if any(line.count(" ") >= 5 and line.endswith(" 0 0") for line in lines):
        text = "\n".join(_as_mount(line) for line in lines)
    return mounts(text)


def _as_mount(line: str) -> str:
    words = line.split()
    if len(words) != 6 or not words[1].startswith("/"):
        return line
    return f"{words[0]} on {_unescaped(words[1])} type {words[2]} ({words[3]})"


_SUPERBLOCK = re.compile(r"(?P<key>[A-Z][A-Za-z ]+?):\s+(?P<value>.+)")
_COUNTS = {"Block count": "blocks", "Reserved block count": "reserved", "FS Error count": "errors"}


def superblock(text: str) -> Rows:
    """`tune2fs -l` or `dumpe2fs -h` → state, blocks, reserved, reserved_percent, errors (0 when none were counted).

    state: `clean`, `not clean`, each perhaps `with errors`. Source: tune2fs(8); lib/e2p/ls.c of e2fsprogs.
    """
    row: Row = {"errors": 0, "_at": {}}
    for index, line in enumerate(text.split("\n"), start=1):
        found = _SUPERBLOCK.match(line)
        if found is None:
            continue
        if key := _COUNTS.get(found["key"]):
            row[key] = int(found["value"])
            row["_at"][key] = index
        elif found["key"] == "Filesystem state":
            row["state"] = found["value"].strip()
            row["_line"] = index
    if "state" not in row or "blocks" not in row:
        raise ValueError("not the superblock of an ext filesystem")
    row["reserved_percent"] = percent(row.get("reserved", 0), row["blocks"])
    row["_at"]["reserved_percent"] = row["_at"].get("reserved", row["_line"])
    return [row]
