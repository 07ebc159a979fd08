"""What two lines that say the same have in common: their shape, the line without its numbers, ids and dates.

Our own, not drain3: on the haystacks of `make bench-condense` its templates take three times as long and more, and merge lines whose
only difference is the word that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Only the head of a line is looked at; what follows 2,000 characters is a payload.
HEAD = 2000
# Where a line's date stands, if it has one.
_DATED = 40

_DATE = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b,? ?|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b(?=[ /-]+\d)"
)
_ID = re.compile(r"\b[0-9a-fA-F]{8,}\b")
_NUMBER = re.compile(r"\d[0-9A-Za-z]*(?:[-.:,/]\d[0-9A-Za-z]*)*")
_DIGITS = b"0123456789"

# Digits that matter: a line with one of them is of another kind than the same line without. Each pattern begins with a
# literal, so that a block without it costs one search in C.
_MARKS = tuple(
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("100%", r"100%"),
        ('" 5', r'" 5\d\d\b'),
        ("<", r"<[0-3]>"),
        ('"level":', r'"level": ?[56]0\b'),
        ('"PRIORITY"', r'"PRIORITY" ?: ?"[0-3]"'),
        ("status=", r"status=(?:[1-9]|5\d\d\b)"),
        ("exit code", r"exit code:? [1-9]"),
        ("exit status", r"exit status:? [1-9]"),
        ("with code", r"with code:? [1-9]"),
        ("exitCode", r'exitCode"?[:=] ?[1-9]'),
        ("Exited (", r"Exited \([1-9]"),
        (" 0/", r" 0/[1-9]"),
        ("rc=", r"rc=-?[1-9]"),
        (" E", r" E\d{4} \d\d:"),
        ("\nE", r"\nE\d{4} \d\d:"),
    )
)


def shape_of(line: str) -> str:
    """The line with `#` for what varies: numbers, with letters and marks that hang on them, long hex words, months."""
    dateless = _DATE.sub("", line[:_DATED]) + line[_DATED:HEAD]
    return _NUMBER.sub("#", _ID.sub("#", dateless)).strip()


def keys_of(block: str) -> list[bytes]:
    """A cheap stand-in for each line's shape, made for a whole block at once: lines of one key have one shape."""
    raw = block.removesuffix("\n").encode("utf-8", "backslashreplace")
    keys = raw.translate(None, _DIGITS).split(b"\n")
    for at, tag in sorted(_marked(block)):
        # The count of line feeds before a mark is its line; marks are rare, so this is not the cost.
        keys[at] += tag
    return keys


def _marked(block: str) -> Iterator[tuple[int, bytes]]:
    for number, (literal, pattern) in enumerate(_MARKS):
        if literal not in block:
            continue
        line = passed = 0
        marked = -1
        for found in pattern.finditer(block):
            at = found.end() - 1
            line += block.count("\n", passed, at)
            passed = at
            if line != marked:
                marked = line
                yield line, b"\0%d" % number
