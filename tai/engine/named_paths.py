"""What `--path` asks for: a bounded listing of the files below a path, then the newest and largest that tell something.

Not a way round the path policy: the listing shows names, sizes and times, which may be seen of nearly every path; each file
that is read passes the policy and the path guard as any other. Pure: the listing's text in, steps' worth of paths out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from tai.catalog import Catalog, Probe
from tai.catalog.slots import fill_argv
from tai.errors import PolicyRefusal
from tai.policy import ReadOnlyCommand

# Three levels reach /var/log/app/instance/file; what lies deeper can be named itself.
_DEPTH = "3"
_LISTING = Probe(
    id="path-listing",
    title="The files below a path that you named, with size and time of change",
    argv=(
        *("find", "{path}", "-xdev", "-maxdepth", _DEPTH, "-type", "f"),
        *("-printf", "%s %TY-%Tm-%TdT%TH:%TM %p\\n"),
    ),
    max_bytes=512 * 1024,  # about five thousand files
    ok_exit=(0, 1),  # 1: some directory below could not be entered; the rest is listed
)
# Where no collector has a probe for a named file.
_READING = Probe(
    id="named-file", title="A file that you named: its end", argv=("tail", "-n", "1000", "{path}")
)
_LINE = re.compile(r"(\d+) (\d{4}-\d\d-\d\dT\d\d:\d\d) (/.+)")
# Kinds of files that say what a program did or was told to do; a rotation's number may follow.
_TELLING = re.compile(
    r"(?i)(?:^|[._-])(?:logs?|err|errors?|out|stderr|stdout|trace|audit|conf|config|cfg|cnf|ini|toml|ya?ml|properties)"
    r"(?:[._-]\d{1,8})?$|^(?:syslog|messages|dmesg)(?:\.\d)?$"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """files: (path, why it was chosen), to read in this order; left_out: reasons, one for each kind of refusal."""

    files: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()


def listing(path: str) -> tuple[Probe, tuple[str, ...]]:
    """The probe and the canonical command that list what lies below `path`. Raises PolicyRefusal for a path that may not be."""
    return _LISTING, ReadOnlyCommand(fill_argv(_LISTING.argv, {"path": path})).argv


def reading(catalog: Catalog, path: str) -> tuple[Probe, tuple[str, ...]]:
    """The probe and the canonical command that read one file. Raises PolicyRefusal for a file that may not be read."""
    probe = catalog.find_probe(_READING.id) or _READING
    return probe, ReadOnlyCommand(fill_argv(probe.argv, {"path": path})).argv


def choose(catalog: Catalog, named: str, listed: str, *, most: int) -> Choice:
    """The files to read: of a telling kind, the newest and the largest in turn. listed: what the listing printed."""
    rows = [
        (path, int(size), changed)
        for size, changed, path in (
            found.groups() for found in map(_LINE.fullmatch, listed.splitlines()) if found
        )
        if int(size) and (path == named or _TELLING.search(path.rpartition("/")[2]))
    ]
    newest = sorted(rows, key=lambda row: (row[2], row[0]), reverse=True)
    largest = sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)
    files: dict[str, str] = {}
    refused: dict[str, str] = {}
    for path, size, changed in dict.fromkeys(chain.from_iterable(zip(newest, largest, strict=True))):
        if len(files) == most:
            break
        try:
            reading(catalog, path)
        except PolicyRefusal as refusal:
            refused[path] = refusal.reason
            continue
        files[path] = f"you named {named}; changed {changed}, {size:,} bytes"
    return Choice(tuple(files.items()), tuple(_left_out(named, rows, files, refused, most)))


def _left_out(
    named: str, rows: list[tuple[str, int, str]], files: dict[str, str], refused: dict[str, str], most: int
) -> Iterator[str]:
    if refused:
        path, reason = next(iter(refused.items()))
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        yield f"paths/{path}: {reason}{more}"
    rest = len(rows) - len(files) - len(refused)
    if rest > 0:
        yield f"paths/{named}: {rest} more files of a telling kind; the cap is {most} (max_path_files)"
