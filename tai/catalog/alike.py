"""Lines that a signature cannot tell apart: alike but for digits between which its expressions make no difference. Pure.

An expression looks at one character at a time. Two digits that stand in the same of its sets and literals lead it the same
way everywhere, so lines that differ only in such digits fit alike, with the same groups at the same places. In a flooded
log nearly all lines are of a few such kinds, each with its own time and numbers: one search for each kind is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from re import _parser  # type: ignore[attr-defined]  # the one that `re` itself uses; there is no public way to its result
from typing import Any, Final

from tai.catalog.literals import may_fit
from tai.catalog.model import Match
from tai.catalog.patterns import compiled

_DIGITS: Final = "0123456789"
# Kinds of line that are remembered for one signature and text: where there are more, the log is no flood.
_MOST: Final = 4096

Told = tuple[int, dict[str, str | None]]
"""Which of a signature's expressions fits, and what its groups found."""
Spans = tuple[tuple[str, int, int], ...]
"""Each group's name, its first character and the one behind its last; -1 where it took no part."""


class Alike:
    """What one signature's expressions find in the lines of one text, each kind of line searched once."""

    def __init__(self, match: Match, table: bytes) -> None:
        self._unless = compiled(match.unless) if match.unless else None
        self._table = table
        self._known: dict[bytes, tuple[int, Spans] | None] = {}
        self._forms = [_Form(pattern) for pattern in match.line]

    def told(self, line: bytes) -> Told | None:
        """The first form in the line and what it found; None when none fits, or when `unless` does."""
        key = line.translate(self._table)
        try:
            found = self._known[key]
        except KeyError:
            found = self._search(line)
            if len(self._known) < _MOST:
                self._known[key] = found
        if found is None:
            return None
        form, spans = found
        text = line.decode("utf-8", "surrogatepass")
        return form, {name: text[start:end] if start >= 0 else None for name, start, end in spans}

    def _search(self, line: bytes) -> tuple[int, Spans] | None:
        text = line.decode("utf-8", "surrogatepass")
        lower = text.lower()
        for number, form in enumerate(self._forms):
            if may_fit(form.pattern, lower) and (spans := form.spans(line, text)) is not None:
                return None if self._unless and self._unless.search(text) else (number, spans)
        return None


class _Form:
    """One expression, with its own kinds of line: where another one looks closely at digits, this one need not search again."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._table = _table((pattern,))
        self._known: dict[bytes, Spans | None] = {}

    def spans(self, line: bytes, text: str) -> Spans | None:
        """Where the groups stand in the line, which is given as bytes and as text; None when the expression does not fit."""
        assert self._table is not None  # noqa: S101 - `alike` makes none of expressions that refer back
        key = line.translate(self._table)
        if key in self._known:
            return self._known[key]
        found = compiled(self.pattern).search(text)
        spans = None if found is None else tuple((name, *found.span(name)) for name in found.re.groupindex)
        if len(self._known) < _MOST:
            self._known[key] = spans
        return spans


def alike(match: Match) -> Alike | None:
    """For lines that are shorter than `LONGEST`; None where an expression compares what it found (`\\1`)."""
    table = _table((*match.line, match.unless or ""))
    return None if table is None else Alike(match, table)


@cache
def _table(patterns: tuple[str, ...]) -> bytes | None:
    """For `bytes.translate`: each digit to the first that no expression tells from it. None where there is a back reference."""
    sets: list[str] = []
    for pattern in patterns:
        for op, argument in _atoms(_parser.parse(pattern)):
            if op.startswith("GROUPREF"):
                return None
            sets.append("".join(digit for digit in _DIGITS if _holds(op, argument, ord(digit))))
    first: dict[tuple[bool, ...], str] = {}
    like = {digit: first.setdefault(tuple(digit in each for each in sets), digit) for digit in _DIGITS}
    return bytes.maketrans(_DIGITS.encode(), "".join(like[digit] for digit in _DIGITS).encode())


def _holds(op: str, argument: Any, digit: int) -> bool:
    """Whether an atom speaks of the digit; categories speak of all digits or none."""
    return bool(digit == argument if op.endswith("LITERAL") else argument[0] <= digit <= argument[1])


def _atoms(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The literals, ranges and back references of an expression in the parser's form, however deep."""
    for item in items:
        if isinstance(item, tuple) and len(item) == 2 and str(item[0]).isupper():
            op, argument = str(item[0]), item[1]
            if op in {"LITERAL", "NOT_LITERAL", "RANGE"} or op.startswith("GROUPREF"):
                yield op, argument
            elif isinstance(argument, list | tuple | _parser.SubPattern):
                yield from _atoms(argument)
        elif isinstance(item, list | tuple | _parser.SubPattern):
            yield from _atoms(item)
