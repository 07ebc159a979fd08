"""One line of each kind of an output, with how often it came: what `/show N condensed` shows and a command's line sums up.

Not what a prompt gets: that is chosen within a budget, with all other evidence in view (`condense`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tai.engine.condense.source import TextSource, pick
from tai.engine.condense.survey import survey


@dataclass(frozen=True, slots=True)
class Kind:
    """Lines that differ in numbers only. line: the first one's number, from 1; text: that line; last: the last one's number."""

    line: int
    text: str
    count: int
    last: int


def kinds(text: str) -> Sequence[Kind]:
    """The kinds of `text`'s lines, in the order in which they first came."""
    source = TextSource(text)
    shapes = survey(source).shapes
    texts = pick(source, (shape.first for shape in shapes))
    found = (Kind(each.first + 1, texts[each.first], each.count, each.last + 1) for each in shapes)
    return sorted(found, key=lambda kind: kind.line)
