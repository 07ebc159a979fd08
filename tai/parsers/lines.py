"""A text as numbered lines, searched for literal words without splitting it: 50 MB of journal is one string. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

_NO_DIGITS: Final = {ord(digit): "0" for digit in "123456789"}

LONGEST: Final = 4000
"""Characters of a line that are looked at. journald splits messages at 48 KiB; what tells stands at the front."""


class Lines:
    """A text that is searched by many signatures: its line ends are found once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._where: dict[str, list[int]] = {}

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
        if any(word not in self._where for word in words):
            self.look_for(words)
        for number in sorted({number for word in words for number in self._where[word]}):
            yield number, self.line(number)

    def look_for(self, words: Iterable[str]) -> None:
        """Find all of these words in one pass, for the `holding` of many signatures.

        A log says few different things many times, but for the figures in it. So a line is only searched when no line
        before it was the same with each digit made a zero: 300 words in 50 MB cost about as much as reading it.
        """
        wanted = [
            (word, word.translate(_NO_DIGITS)) for word in dict.fromkeys(words) if word not in self._where
        ]
        found: dict[str, list[int]] = {word: [] for word, _ in wanted}
        known: dict[str, tuple[str, ...]] = {}
        for number, form in enumerate(self.text.translate(_NO_DIGITS).split("\n"), start=1):
            held = known.get(form)
            if held is None:
                held = known[form] = tuple(word for word, plain in wanted if plain in form)
            for word in held:
                # What differs from another line only by its digits may still not be the word itself.
                if word in self.whole(number):
                    found[word].append(number)
        self._where.update(found)

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
