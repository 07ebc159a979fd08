"""The package manager's own word on packages that are not whole."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows

_STATES = (
    ("half configured", "half-configured"),
    ("have been unpacked but not yet configured", "unpacked"),
    ("are only half installed", "half-installed"),
    ("are in a mess due to serious problems", "reinstall-required"),
    ("missing the md5sums", "no-md5sums"),
    ("awaiting processing of triggers", "triggers-awaited"),
    ("have been triggered, but the trigger processing", "triggers-pending"),
    ("missing the list control file", "no-file-list"),
    ("do not have an architecture", "no-architecture"),
    ("have an illegal architecture", "bad-architecture"),
    ("have an unknown foreign architecture", "unknown-architecture"),
)
_PACKAGE = re.compile(r" (?P<package>[a-z0-9][a-z0-9.+:-]+)(?:\s+(?P<description>.*))?")


def dpkg_audit(text: str) -> Rows:
    """`dpkg --audit` → package, state, broken (the package does not work, or blocks the next operation). Source: dpkg(1)."""
    rows: Rows = []
    state = ""
    for index, line in enumerate(text.split("\n"), start=1):
        if said := next((name for words, name in _STATES if words in line), ""):
            state = said
        elif state and (found := _PACKAGE.fullmatch(line.rstrip())):
            broken = state in {"half-configured", "unpacked", "half-installed", "reinstall-required"}
            rows.append({"package": found["package"], "state": state, "broken": broken, "_line": index})
    return rows
