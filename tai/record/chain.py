"""The digest that ties each line of a record to all lines before it. Pure text; not the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable


def link(chain: str, line: str) -> str:
    """The digest of a line, which is without its own `chain`, behind the one of the line before; '' begins a record."""
    return hashlib.sha256(f"{chain}\n{line}".encode()).hexdigest()


def split(line: str) -> tuple[str, str]:
    """A record's line as the event that it was and its digest; ('', '') for what is no such line."""
    body, mark, digest = line.rstrip("\n").rpartition(',"chain":"')
    digest = digest.removesuffix('"}')
    try:
        intact = bool(mark) and json.loads(line)["chain"] == digest
    except (ValueError, KeyError, TypeError):
        intact = False
    return (f"{body}}}", digest) if intact else ("", "")


def verify(lines: Iterable[str]) -> int | None:
    """The number, from 1, of the first line whose chain does not fit; None when all of them do."""
    chain = ""
    for number, line in enumerate(lines, start=1):
        body, digest = split(line)
        chain = link(chain, body)
        if not digest or chain != digest:
            return number
    return None
