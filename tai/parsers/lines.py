"""A text as numbered lines, searched for literal words without splitting it: 50 MB of journal is one string. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

LONGEST: Final = 4000
"""Characters of a line that are looked at. journald splits messages at 48 KiB; what tells stands at the front."""


class Lines:
    """A text that is searched by many signatures: its line ends are found once."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _ends(self) -> list[int]:
        ends: list[int] = []
        at = self.text.find("\n")
        while at >= 0:
            ends.append(at)
            at = self.text.find("\n", at + 1)
        return ends

    def holding(self, words: Sequence[str]) -> Iterator[tuple[int, str]]:
        """The lines, with their numbers, that hold one of these literal strings, in order and each once."""
        numbers: set[int] = set()
        for word in words:
            at = self.text.find(word)
            while at >= 0:
                number = bisect_right(self._ends, at - 1) + 1
                numbers.add(number)
                end = self._ends[number - 1] if number <= len(self._ends) else len(self.text)
                at = self.text.find(word, end)
        for number in sorted(numbers):
            yield number, self.line(number)

    def line(self, number: int) -> str:
        """Line `number`, from 1, cut where signatures stop looking; '' when there is none."""
        if not 1 <= number <= len(self._ends) + 1:
            return ""
        return self.whole(number, LONGEST)

    def whole(self, number: int, longest: int | None = None) -> str:
        """Line `number` as it stands, to be cited; at most `longest` characters of it when that is given."""
        start = self._ends[number - 2] + 1 if number > 1 else 0
        end = self._ends[number - 1] if number <= len(self._ends) else len(self.text)
        return self.text[start : end if longest is None else min(end, start + longest)]
