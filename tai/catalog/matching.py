"""Whether one signature fits one text: lines or rows, and what they say. Pure.

Not the findings: `tai.engine.inspect` gathers hits over all observations, cites the lines and fills the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from tai.catalog.model import Condition, Match
from tai.catalog.patterns import compiled
from tai.parsers import Row, line_of
from tai.parsers.lines import Lines

# Rows that `largest` keeps: what an engineer would look at.
_LARGEST = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """One line or row that fits. lines: line numbers from 1, the telling one first; values: for the templates.

    form: which of the signature's expressions fitted; a file lists the most telling first.
    """

    lines: tuple[int, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    form: int = 0


def hits(match: Match, lines: Lines, rows: Sequence[Row] | None) -> list[Hit]:
    """Every line or row of the text that fits, in order; empty when there are fewer than `match.min`.

    rows: what the text's parser made of it, None when there is no parser or it gave up.
    """
    if match.where:
        found = list(_row_hits(match, lines, rows or ()))
        if match.largest:
            found = sorted(found, key=lambda hit: -hit.values.get(match.largest, 0))[:_LARGEST]
    else:
        found = [
            Hit((number,), told.groupdict(), form)
            for number, line in lines.holding(match.has)
            for form, told in _first_form(match, line)
        ]
    return found if len(found) >= match.min else []


def _row_hits(match: Match, lines: Lines, rows: Sequence[Row]) -> Iterator[Hit]:
    for row in rows:
        if not all(holds(condition, row) for condition in match.where):
            continue
        told = dict.fromkeys(line_of(row, condition.field) for condition in match.where)
        own = line_of(row)
        cited = (own, *(line for line in told if line != own))
        if not match.line:
            yield Hit(cited, row)
        for form, found in _first_form(match, lines.line(own)):
            yield Hit(cited, {**row, **found.groupdict()}, form)


def _first_form(match: Match, line: str) -> Iterator[tuple[int, re.Match[str]]]:
    """The first expression that fits and what it found; nothing when none fits, or when `unless` does."""
    if match.unless and compiled(match.unless).search(line):
        return
    for form, pattern in enumerate(match.line):
        if found := compiled(pattern).search(line):
            yield form, found
            return


def holds(condition: Condition, row: Row) -> bool:  # noqa: PLR0911 - one return for each operator
    """Whether the row passes the test. A row without the field, or with a value of another type, does not."""
    have, want = row.get(condition.field), condition.value
    if have is None:
        return False
    match condition.op:
        case "==":
            return bool(have == want)
        case "!=":
            return bool(have != want)
        case "<" | "<=" | ">" | ">=":
            return _compare(have, condition.op, want)
        case "in":
            return isinstance(want, tuple) and str(have) in want
        case "not in":
            return isinstance(want, tuple) and str(have) not in want
        case "contains":
            return isinstance(have, list | str) and want in have
        case "matches":
            return compiled(str(want)).search(str(have)) is not None
        case _:
            assert_never(condition.op)


def _compare(have: Any, op: str, want: Any) -> bool:
    if isinstance(have, str | bool | list) or isinstance(want, str | bool | tuple):
        return False
    if op.startswith("<"):
        return bool(have < want or (op == "<=" and have == want))
    return bool(have > want or (op == ">=" and have == want))
