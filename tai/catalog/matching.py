"""Whether one signature fits one text: lines or rows, and what they say. Pure.

Not the findings: `tai.engine.inspect` gathers hits over all observations, cites the lines and fills the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from tai.catalog.alike import alike
from tai.catalog.model import Condition, Match
from tai.catalog.patterns import compiled
from tai.parsers import Row, line_of
from tai.parsers.lines import LONGEST, Lines
from tai.parsers.timestamps import seconds_of

# Rows that `largest` keeps: what an engineer would look at.
_LARGEST = 5
# Lines, from which on it pays to read off expressions which digits they tell apart: that takes as long as some hundred searches.
_MANY = 200


Form = tuple[int, re.Match[str]]
"""Which of a signature's expressions fits, and what it found."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line or row that fits. lines: line numbers from 1, the telling one first; values: for the templates.

    form: which of the signature's expressions fitted; a file lists the most telling first.
    """

    lines: tuple[int, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    form: int = 0


def hits(match: Match, lines: Lines, rows: Sequence[Row] | None) -> Iterator[Hit]:
    """Every line or row of the text that fits, in order; nothing when there are fewer than `match.min`.

    rows: what the text's parser made of it, None when there is no parser or it gave up.
    """
    found: Iterator[Hit] = iter(())
    if match.message_id and (entries := _entries(rows)):
        found = _entry_hits(match, entries)
    elif match.where:
        found = _row_hits(match, lines, rows or ())
        if match.largest:
            found = iter(sorted(found, key=lambda hit: -hit.values.get(match.largest, 0))[:_LARGEST])
    elif match.line:
        found = _line_hits(match, lines)
    yield from found if match.min == 1 else _enough(match, lines, list(found))


def _line_hits(match: Match, lines: Lines) -> Iterator[Hit]:
    numbers = lines.holding(match.has)
    same = alike(match) if len(numbers) > _MANY else None
    for number in numbers:
        if same is not None and len(raw := lines.raw(number)) < LONGEST:
            if kind := same.told(raw):
                yield Hit((number,), kind[1], kind[0])
        elif told := _in_line(match, lines, number):
            yield Hit((number,), told[1].groupdict(), told[0])


def _enough(match: Match, lines: Lines, found: list[Hit]) -> list[Hit]:
    """Those hits of which there are `min` alike, and as close together in time as `within_s` wants."""
    if len(found) < match.min:
        return []
    groups: dict[Any, list[Hit]] = {}
    for hit in found:
        groups.setdefault(hit.values.get(match.per) if match.per else None, []).append(hit)
    kept = {
        id(hit)
        for group in groups.values()
        if len(group) >= match.min
        for hit in (_dense(match.min, match.within_s, lines, group) if match.within_s else group)
    }
    return [hit for hit in found if id(hit) in kept]


def _dense(least: int, within_s: int, lines: Lines, found: list[Hit]) -> Iterator[Hit]:
    """Those hits that lie, with `least` - 1 others, in some span of `within_s`. A line without a time never does."""
    timed = sorted(
        (
            (seconds, n)
            for n, hit in enumerate(found)
            if (seconds := seconds_of(lines.line(hit.lines[0]))) is not None
        ),
    )
    kept: set[int] = set()
    first = 0
    for last, (seconds, _) in enumerate(timed):
        while timed[first][0] < seconds - within_s:
            first += 1
        if last - first + 1 >= least:
            kept.update(n for _, n in timed[first : last + 1])
    for n, hit in enumerate(found):
        if n in kept:
            yield hit


def _entries(rows: Sequence[Row] | None) -> list[Row]:
    """The rows, when they are journal entries with their MESSAGE_ID."""
    return list(rows) if rows and any("message_id" in row for row in rows) else []


def _entry_hits(match: Match, rows: Sequence[Row]) -> Iterator[Hit]:
    for row in rows:
        if row.get("message_id") not in match.message_id:
            continue
        message = str(row.get("message", ""))
        if match.unless and compiled(match.unless).search(message):
            continue
        told = _first_form(match, message)
        own = line_of(row)
        cited = tuple(dict.fromkeys((own, line_of(row, "time"), line_of(row, "message_id"))))
        form, groups = (told[0], told[1].groupdict()) if told else (len(match.line), {})
        yield Hit(cited, {**row, **{name: value for name, value in groups.items() if value}}, form)


def _row_hits(match: Match, lines: Lines, rows: Sequence[Row]) -> Iterator[Hit]:
    for row in rows:
        if not all(holds(condition, row) for condition in match.where):
            continue
        tests = dict.fromkeys(line_of(row, condition.field) for condition in match.where)
        own = line_of(row)
        cited = (own, *(line for line in tests if line != own))
        if not match.line:
            yield Hit(cited, row)
        elif told := _first_form(match, lines.line(own)):
            yield Hit(cited, {**row, **told[1].groupdict()}, told[0])


def _in_line(match: Match, lines: Lines, number: int) -> Form | None:
    """The first form in the line's head, or else in the first of the further pieces of a very long line that fits."""
    line = lines.line(number)
    found = _first_form(match, line)
    if found is None and len(line) >= LONGEST:
        pieces = lines.around(number, match.has)
        return next((each for piece in pieces if (each := _first_form(match, piece))), None)
    return found


def _first_form(match: Match, line: str) -> Form | None:
    """The first expression that fits and what it found; None when none fits, or when `unless` does."""
    for form, pattern in enumerate(match.line):
        if found := compiled(pattern).search(line):
            return None if match.unless and compiled(match.unless).search(line) else (form, found)
    return None


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
