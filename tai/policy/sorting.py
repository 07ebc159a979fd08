"""The order that sort(1) puts lines in, in the C locale: keys, numbers, sizes, and the last resort.

Not the reading of `-k2,2n`: that is `tai.policy.filterwords`. Source: POSIX sort, and coreutils' sort(1) for -h.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, assert_never

_BLANKS: Final = " \t"
_NUMBER: Final = re.compile(r"[ \t]*(-?)([0-9]*)(?:\.([0-9]*))?([KkMGTPEZY])?")
_MOST_DIGITS: Final = 400  # longer runs of digits are no measurement; Decimal would take its time over them

Value = tuple[int, Decimal] | str
"""What one key of one line compares by. All values of one key have the same type."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """kind: text by code point, number as -n, size as -h (`2K` before `1M`); fold: upper and lower case alike."""

    kind: Literal["text", "number", "size"] = "text"
    fold: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class SortKey:
    """A part of the line, as `-k FIELD.CHARACTER,END_FIELD.END_CHARACTER` names it, all counted from 1.

    end_field None: to the end of the line; end_character 0: to the end of that field.
    """

    order: SortOrder = SortOrder()
    field: int = 1
    character: int = 1
    skip_blanks: bool = False
    end_field: int | None = None
    end_character: int = 0
    end_skip_blanks: bool = False

    def value(self, line: str, separator: str | None) -> Value:
        """What `line` compares by under this key. separator: of the fields; None for the edges from blank to other."""
        begin = _field_start(line, self.field - 1, separator)
        begin = _after_blanks(line, begin) if self.skip_blanks else begin
        begin = min(begin + self.character - 1, len(line))
        end = len(line)
        if self.end_field is not None and self.end_character:
            end = _field_start(line, self.end_field - 1, separator)
            end = _after_blanks(line, end) if self.end_skip_blanks else end
            end = min(end + self.end_character, len(line))
        elif self.end_field is not None:
            end = _field_end(line, self.end_field, separator)
        return _value(line[begin : max(begin, end)], self.order)


def sort_lines(
    lines: list[str],
    keys: tuple[SortKey, ...],
    separator: str | None,
    *,
    reverse: bool,
    unique: bool,
    stable: bool,
    tick: Callable[[], None],
) -> list[str]:
    """The lines in order. reverse: of the whole line, which decides where there is no key and where all keys are equal.

    unique: keep the first of those whose keys are all equal; stable: keep the order of those instead. tick: called for
    every line, so that the caller can stop by raising.
    """
    if not keys:
        ordered = sorted(lines, reverse=reverse)
        return list(dict.fromkeys(ordered)) if unique else ordered
    ordered = list(lines) if stable or unique else sorted(lines, reverse=reverse)
    values: dict[str, tuple[Value, ...]] = {}
    for line in ordered:
        tick()
        values[line] = tuple(key.value(line, separator) for key in keys)
    for place in range(
        len(keys) - 1, -1, -1
    ):  # each pass is stable, also when reversed: the first key decides most
        ordered.sort(key=lambda line, place=place: values[line][place], reverse=keys[place].order.reverse)  # type: ignore[misc]
    if not unique:
        return ordered
    kept: dict[tuple[Value, ...], str] = {}
    for line in ordered:
        kept.setdefault(values[line], line)
    return list(kept.values())


def _value(text: str, order: SortOrder) -> Value:
    match order.kind:
        case "text":
            return text.upper() if order.fold else text
        case "number":
            return (0, _number(text)[1])
        case "size":
            return _number(text)
        case _:
            assert_never(order.kind)


def _number(text: str) -> tuple[int, Decimal]:
    """(order of the unit, number) at the start of the text; negative sizes order backwards; no number is 0."""
    match = _NUMBER.match(text)
    if match is None or not (match[2] or match[3]):
        return (0, Decimal(0))
    number = Decimal(f"{match[1]}{match[2][:_MOST_DIGITS] or 0}.{(match[3] or '0')[:_MOST_DIGITS]}")
    unit = " KMGTPEZY".index(match[4].upper()) if match[4] and number else 0
    return (-unit if number < 0 else unit, number)


def _after_blanks(line: str, at: int) -> int:
    while at < len(line) and line[at] in _BLANKS:
        at += 1
    return at


def _field_start(line: str, skipped: int, separator: str | None) -> int:
    """Where the field after `skipped` fields starts: after its separator, or at the blanks before it."""
    at = 0
    for _ in range(skipped):
        if at >= len(line):
            break
        at = _field_stop(line, at, separator) + (separator is not None)
    return min(at, len(line))


def _field_end(line: str, fields: int, separator: str | None) -> int:
    """Where the last of the first `fields` fields ends."""
    return _field_stop(line, _field_start(line, fields - 1, separator), separator)


def _field_stop(line: str, at: int, separator: str | None) -> int:
    """Where the field that starts at `at` ends."""
    if separator is not None:
        found = line.find(separator, at)
        return len(line) if found < 0 else found
    at = _after_blanks(line, at)
    while at < len(line) and line[at] not in _BLANKS:
        at += 1
    return at
