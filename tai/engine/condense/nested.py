"""What belongs to a line of indented JSON: what it is part of, what names that, and its own neighbours. Pure.

The counterpart of `records`, whose records are lines that follow one another: in a printed object a status stands hundreds of lines
below the name of what has it, and most lines between say nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_MEMBER = re.compile(r'(?P<indent>\s*)"(?P<key>[^"]{1,80})"\s*:\s*(?P<value>.*)')
_OPENING = re.compile(r'(?P<indent>\s*)(?:"[^"]{1,80}"\s*:\s*)?[{\[]\s*$')
_NAMING: Final = frozenset(
    [
        "name",
        "names",
        "id",
        "kind",
        "namespace",
        "hostname",
        "image",
        "service",
        "unit",
        "device",
        "reason",
        "message",
    ]
)
# Neighbours of one object: before and after the line.
_BESIDE: Final = 6


def is_member(line: str) -> bool:
    """Whether a line may be a member of a printed object; cheap."""
    return line.startswith((" ", "\t")) and _MEMBER.match(line) is not None


def nested(lines: Sequence[str], at: int) -> list[int]:
    """Indices, sorted, of the lines that tell what the member on line `at` is about; empty when it is no member of an object."""
    found = _MEMBER.match(lines[at])
    if not found or not found["indent"]:
        return []
    kept = {at}
    level = len(found["indent"])
    for step in (-1, 1):
        index = at + step
        while 0 <= index < len(lines) and abs(index - at) <= _BESIDE:
            beside = _MEMBER.match(lines[index])
            if not beside or len(beside["indent"]) != level or beside["value"].rstrip() in {"{", "["}:
                break
            kept.add(index)
            index += step
    for index in range(at - 1, -1, -1):
        opening = _OPENING.match(lines[index])
        if opening and len(opening["indent"]) < level:
            kept.add(index)
            if lines[index].rstrip().endswith("{"):
                kept.update(_names(lines, index, at))
            level = len(opening["indent"])
        if level == 0:
            break
    return sorted(kept)


def _names(lines: Sequence[str], opening: int, at: int) -> list[int]:
    """The members that name the object opened on that line, as far as they stand before `at`."""
    level = -1
    named = []
    for index in range(opening + 1, at):
        member = _MEMBER.match(lines[index])
        if not member:
            continue
        if level < 0:
            level = len(member["indent"])
        if len(member["indent"]) == level and member["key"].lower() in _NAMING:
            named.append(index)
    return named
