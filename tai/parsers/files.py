"""`ls -l` of directories: which entries there are, and how large. Not their contents."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows

_ENTRY = re.compile(
    r"(?P<mode>[-dlbcps][rwxsStT-]{9})[.+@]?\s+\d+\s+(?P<owner>\S+)\s+(?P<group>\S+)\s+(?P<size>[\d.]+[KMGTP]?)\s+"
    r"(?P<changed>\w{3} +\d+ +[\d:]{4,5}|\d{4}-\d\d-\d\d \d\d:\d\d\S*)\s(?P<name>.+)"
)
_HEADER = re.compile(r"(?P<directory>/.*):")
_KINDS = {"-": "file", "d": "directory", "l": "link"}
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "P": 1024**5}


def ls(text: str) -> Rows:
    """`ls -l` → directory, name, path, kind (file, directory, link, other), size (as printed), bytes, owner, changed.

    directory: from the `DIR:` line that ls prints before each of several operands; '' for a single one, and then
    path is the bare name. An empty directory gives no rows. Raises ValueError for text that is no `ls -l`.
    """
    rows: Rows = []
    directory = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.fullmatch(line):
            directory = header["directory"].rstrip("/")
        elif found := _ENTRY.fullmatch(line):
            name = found["name"].partition(" -> ")[0]
            unit = found["size"][-1] if found["size"][-1] in _UNITS else ""
            number = float(found["size"].removesuffix(unit)) if unit else float(found["size"])
            rows.append(
                {
                    "directory": directory,
                    "name": name,
                    "path": f"{directory}/{name}" if directory else name,
                    "kind": _KINDS.get(found["mode"][0], "other"),
                    "size": found["size"],
                    "bytes": int(number * _UNITS[unit]),
                    "owner": found["owner"],
                    "changed": found["changed"],
                    "_line": index,
                }
            )
    if not rows and not re.search(r"(?m)^total \d", text):
        raise ValueError("no 'ls -l' lines")
    return rows
