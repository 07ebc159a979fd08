"""Where in a TOML file a value stands, for error messages. tomllib keeps no positions, so the text is searched."""

from __future__ import annotations

import re
from collections.abc import Sequence


def line_of(text: str, location: Sequence[str | int]) -> int:
    """The line, from 1, of the deepest part of `location` that can be found; 1 when nothing can.

    location: keys and indices as pydantic gives them, such as ("signature", 3, "match", "line").
    """
    lines = text.split("\n")
    at, table = 0, ""
    best = 1
    parts = list(location)
    while parts:
        key = str(parts.pop(0))
        index = parts.pop(0) if parts and isinstance(parts[0], int) else None
        header = f"{table}.{key}" if table else key
        found = _header(lines, at, header, int(index) if index is not None else 0)
        if found is not None:
            at, table, best = found + 1, header, found + 1
            continue
        found = _key(lines, at, key)
        if found is None:
            break
        at, best = found, found + 1
    return best


def _header(lines: list[str], start: int, name: str, index: int) -> int | None:
    """The line index of the `index`th `[[name]]` or `[name]` header from `start` on, within the enclosing table."""
    seen = 0
    for number in range(start, len(lines)):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", lines[number])
        if header is None:
            continue
        if header[1] == name:
            if seen == index:
                return number
            seen += 1
        elif "." in name and not header[1].startswith(name.rpartition(".")[0] + "."):
            return None
    return None


def _key(lines: list[str], start: int, key: str) -> int | None:
    """The line index of `key =` or an inline `key =` from `start` to the next table header."""
    for number in range(start, len(lines)):
        if number > start and re.match(r"\s*\[\[?\s*[\w.-]+\s*\]\]?\s*(#.*)?$", lines[number]):
            return None
        if re.search(rf"(?:^|[\s{{,.])[\"']?{re.escape(key)}[\"']?\s*[.=]", lines[number]):
            return number
    return None
