"""Journal entries with their fields, MESSAGE_ID above all: `journalctl -o verbose`, `-o json` and `-o export`.

The `short` forms that people read print no MESSAGE_ID, so one probe asks for `verbose`, whose entries still begin with a
time that can be read. Not for plain journals: a text of another form is a ValueError. Source: systemd.journal-fields(7),
systemd/sd-messages.h.
"""

from __future__ import annotations

import json
import re
from typing import Final

from tai.parsers.rows import Row, Rows

_NAMES: Final = {
    "MESSAGE_ID": "message_id",
    "MESSAGE": "message",
    "PRIORITY": "priority",
    "UNIT": "unit",
    "USER_UNIT": "unit",
    "COREDUMP_UNIT": "unit",
    "_SYSTEMD_UNIT": "unit",
    "COREDUMP_COMM": "process",
    "COREDUMP_SIGNAL_NAME": "signal",
    "SYSLOG_IDENTIFIER": "process",
    "EXECUTABLE": "path",
    "WHERE": "path",
    "EXIT_CODE": "code",
    "EXIT_STATUS": "status",
    "UNIT_RESULT": "result",
    "JOB_RESULT": "result",
    "N_RESTARTS": "restarts",
}
ENTRY_FIELDS: Final = frozenset(_NAMES.values())
"""Fields of a row, where the entry has them: `unit` is the unit that the message is about, else the one that wrote it."""

# Of two names for one field, the one that stands first above is what the message is about.
_ORDER: Final = {name: rank for rank, name in enumerate(_NAMES)}
_VERBOSE_HEAD = re.compile(r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ \[s=[0-9a-f]")
_VERBOSE_FIELD = re.compile(r" {4}(?P<name>[A-Z_][A-Z0-9_]*)=(?P<value>.*)")
_EXPORT_FIELD = re.compile(r"(?P<name>[A-Z_][A-Z0-9_]*)=(?P<value>.*)")


def entries(text: str) -> Rows:
    """One row per entry: the fields of `ENTRY_FIELDS` that it has, each with its line; `time` is the entry's first line.

    Raises ValueError when the text is in none of the three forms.
    """
    first = next((line for line in text.split("\n") if line.strip() and not line.startswith("-- ")), "")
    if _VERBOSE_HEAD.match(first):
        return _blocks(text, head=_VERBOSE_HEAD, field=_VERBOSE_FIELD)
    if first.startswith("__CURSOR="):
        return _blocks(text, head=re.compile("__CURSOR="), field=_EXPORT_FIELD)
    if first.startswith("{") and '"MESSAGE' in first:
        return _objects(text)
    raise ValueError("journal entries in none of the forms verbose, export and json")


def _blocks(text: str, *, head: re.Pattern[str], field: re.Pattern[str]) -> Rows:
    rows: Rows = []
    ranks: dict[str, int] = {}
    for index, line in enumerate(text.split("\n"), start=1):
        if head.match(line):
            rows.append({"_line": index, "_at": {"time": index}})
            ranks = {}
        elif rows and (found := field.fullmatch(line)):
            if found["name"] == "MESSAGE":
                rows[-1]["_line"] = index
            _take(rows[-1], ranks, found["name"], found["value"], index)
    return rows


def _objects(text: str) -> Rows:
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            row: Row = {"_line": index, "_at": {}}
            ranks: dict[str, int] = {}
            for name, value in entry.items():
                if isinstance(value, str):
                    _take(row, ranks, name, value, index)
            rows.append(row)
    return rows


def _take(row: Row, ranks: dict[str, int], name: str, value: str, line: int) -> None:
    field = _NAMES.get(name)
    if field and _ORDER[name] < ranks.get(field, len(_ORDER)):
        ranks[field] = _ORDER[name]
        row[field] = value
        row["_at"][field] = line
