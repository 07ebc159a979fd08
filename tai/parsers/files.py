"""`ls -l` of directories, and the values in small files that `head -v` prints. Not the contents of logs."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows, number

_ENTRY = re.compile(
    r"(?P<mode>[-dlbcps][rwxsStT-]{9})[.+@]?\s+\d+\s+(?P<owner>\S+)\s+(?P<group>\S+)\s+(?P<size>[\d.]+[KMGTP]?)\s+"
    r"(?P<changed>\w{3} +\d+ +[\d:]{4,5}|\d{4}-\d\d-\d\d \d\d:\d\d\S*)\s(?P<name>.+)"
)
_HEADER = re.compile(r"\"?(?P<directory>/.*?)\"?:")
# What -Q puts around each name, and around the name that a link leads to.
_QUOTED = re.compile(r'"(?P<name>(?:[^"\\]|\\.)*)"(?: -> "(?P<target>(?:[^"\\]|\\.)*)")?[/=@|*]?')
_KINDS = {"-": "file", "d": "directory", "l": "link"}
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "P": 1024**5}


def ls(text: str) -> Rows:
    """`ls -l` → directory, name, path, kind (file, directory, link, other), size (as printed), bytes, owner, changed.

    directory: from the `DIR:` line that ls prints before each of several operands; '' for a single one, and then
    path is the bare name. An empty directory gives no rows. Raises ValueError for text that is no `ls -l`.
    Names are as they stand there: with the escapes of -b, or between the quotes of -Q.
    """
    rows: Rows = []
    quoted = _is_quoted(text)
    directory = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.fullmatch(line):
            directory = header["directory"].rstrip("/")
        elif found := _ENTRY.fullmatch(line):
            name, _ = _name_and_target(found["name"], quoted=quoted)
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


def _is_quoted(text: str) -> bool:
    """Whether the listing was made with -Q: then every name is in quotes, and not just one file's that is named so."""
    names = [found["name"] for line in text.split("\n") if (found := _ENTRY.fullmatch(line))]
    return bool(names) and all(_QUOTED.fullmatch(name) for name in names)


def _name_and_target(printed: str, *, quoted: bool) -> tuple[str, str]:
    """The name, and what it links to ('' for what is no link)."""
    if quoted and (found := _QUOTED.fullmatch(printed)):
        return found["name"], found["target"] or ""
    name, _, target = printed.partition(" -> ")
    return name, target


_HEAD = re.compile(r"==> (?P<path>/.*) <==")


def values(text: str) -> Rows:
    """`head -v` of files that hold one value each (/sys, /proc/sys) → path, name, value: a number, or the line as it stands.

    A file that is empty gives no row. Raises ValueError when no file has a header.
    """
    rows: Rows = []
    path = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if header := _HEAD.fullmatch(line):
            path = header["path"]
        elif path and line.strip():
            rows.append(
                {
                    "path": path,
                    "name": path.rpartition("/")[2],
                    "value": number(line.strip()),
                    "_line": index,
                }
            )
            path = ""
    if not rows and not _HEAD.search(text):
        raise ValueError("no '==> FILE <==' header")
    return rows


_DESCRIPTOR = re.compile(
    r"l[-rwx]{9}\.? .*?\s(?P<quote>\"?)(?P<fd>\d+)(?P=quote) -> (?P=quote)(?P<target>.+)(?P=quote)"
)


def descriptors(text: str) -> Rows:
    """`ls -l /proc/PID/fd` → one row per descriptor: fd, target, kind (file, deleted, socket, pipe, other), and open (how many).

    open is the same in every row. Source: proc_pid_fd(5).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _DESCRIPTOR.match(line):
            target = found["target"]
            rows.append({"fd": int(found["fd"]), "target": target, "kind": _kind_of(target), "_line": index})
    if not rows and not text.startswith("total"):
        raise ValueError("no descriptors")
    return [{**row, "open": len(rows)} for row in rows]


def _kind_of(target: str) -> str:
    if target.startswith("/"):
        return "deleted" if target.endswith(" (deleted)") else "file"
    kind = target.partition(":")[0]
    return kind if kind in {"socket", "pipe"} else "other"
