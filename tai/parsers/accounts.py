"""What decides who may log in: owners and modes of files, and failed attempts that are counted."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows

_STAT = re.compile(
    r"(?P<mode>[0-7]{1,5}) (?P<owner>\S+):(?P<group>\S+) (?P<bytes>\d+) "
    r"(?P<kind>regular file|regular empty file|directory|symbolic link|socket|fifo|block special file|character special file) "
    r"(?P<path>/.*)"
)


def modes(text: str) -> Rows:
    """`stat -c '%a %U:%G %s %F %n'` → path, mode (four octal digits), owner, group, bytes, kind, and what the mode lets others do.

    world_readable, world_searchable, setuid: of the mode alone. others_write: everybody may write, or a group may that is not
    the owner's own by its name (Debian's sshd bears a group that holds only the owner; seen on Debian 12). The format is one
    that GNU and busybox stat print alike. Files that are not there are only on stderr; none at all raises ValueError.
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _STAT.fullmatch(line):
            bits = int(found["mode"], 8)
            rows.append(
                {
                    "path": found["path"],
                    "mode": f"{bits:04o}",
                    "owner": found["owner"],
                    "group": found["group"],
                    "bytes": int(found["bytes"]),
                    "kind": found["kind"],
                    "others_write": bool(bits & 0o002 or (bits & 0o020 and found["group"] != found["owner"])),
                    "world_readable": bool(bits & 0o004),
                    "world_searchable": bool(bits & 0o001),
                    "setuid": bool(bits & 0o4000),
                    "_line": index,
                }
            )
    if not rows:
        raise ValueError("no lines of stat")
    return rows


_USER = re.compile(r"(?P<user>[^\s:][^:]*):")
_TRY = re.compile(
    r"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<type>\S+)\s+(?P<source>\S*)\s+(?P<valid>V|I)\s*"
)


def faillock(text: str) -> Rows:
    """`faillock` → user, failures (those that still count), last, source: a row for each user, also without failures.

    Source: faillock(8): V marks an attempt that counts, I one that a success or time has cleared.
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _USER.fullmatch(line.rstrip()):
            rows.append(
                {"user": found["user"], "failures": 0, "last": "", "source": "", "_line": index, "_at": {}}
            )
        elif rows and (tried := _TRY.fullmatch(line.rstrip())) and tried["valid"] == "V":
            row = rows[-1]
            row["failures"] += 1
            row["last"], row["source"] = tried["when"], tried["source"]
            row["_at"]["failures"] = index
    return rows
