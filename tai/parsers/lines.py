"""A text as numbered lines, searched for thousands of literal words in one pass: 50 MB of journal is one string. Pure.

The search is an Aho-Corasick automaton over UTF-8 bytes (`ahocorasick_rs`, the Rust crate's binding): its time does not
grow with the number of words, and it was 50 times as quick as asking for each word in turn (`make bench-inspect`).
It only chooses lines; what a line says is decided by Python's `re`, on the line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

LONGEST: Final = 4000
"""Characters of a line that are looked at at once: its head, then the places in a longer one where a telling word stands."""

# Bytes of a line, from either end, in which such places are sought. journald splits messages at 48 KiB; a dump may be one line.
_SOUGHT: Final = 1 << 20
_MOST_PLACES: Final = 6

# Bytes of one character in UTF-8, at most.
_WIDEST: Final = 4


class Words:
    """Literal strings to look for together. Made once and used for many texts: 1,000 words take some 10 ms to build."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(words))
        self.known = frozenset(self.words)
        self._automaton = BytesAhoCorasick(
            [word.encode() for word in self.words], implementation=Implementation.DFA
        )

    def find(self, data: bytes) -> list[tuple[int, int, int]]:
        """Every place of every word: (index of the word, first byte, byte after the last), by their ends."""
        return self._automaton.find_matches_as_indexes(data, overlapping=True)


class Lines:
    """A text that is searched by many signatures: its line ends and its words are found once."""

    def __init__(self, text: str) -> None:
        self._data = text.encode("utf-8", "surrogatepass")
        self._where: dict[str, list[int]] = {}  # of the words that were found
        self._looked_for: list[frozenset[str]] = []

    @cached_property
    def _ends(self) -> list[int]:
        ends: list[int] = []
        at = self._data.find(b"\n")
        while at >= 0:
            ends.append(at)
            at = self._data.find(b"\n", at + 1)
        return ends

    def holding(self, words: Sequence[str]) -> Sequence[int]:
        """The numbers of the lines that hold one of these literal strings, in order and each once."""
        if any(all(word not in known for known in self._looked_for) for word in words):
            self.look_for(Words(words))
        if len(words) == 1:
            return self._where.get(words[0], [])
        return sorted({number for word in words for number in self._where.get(word, ())})

    def look_for(self, words: Words) -> None:
        """Find all of these words in one pass, for the `holding` of many signatures. Once for the same words."""
        if words.known in self._looked_for:
            return
        self._looked_for.append(words.known)
        by_index: dict[int, list[int]] = {}
        ends = self._ends
        number, after = 1, ends[0] if ends else len(self._data)
        for index, start, _ in words.find(self._data):
            if start > after:
                number = bisect_left(ends, start, lo=number) + 1
                after = ends[number - 1] if number <= len(ends) else len(self._data)
                at = number
            elif number > 1 and start <= ends[number - 2]:
                # Places come by their ends, so that a long word may begin before a short one that was told already.
                at = bisect_left(ends, start, hi=number) + 1
            else:
                at = number
            numbers = by_index.setdefault(index, [])
            if not numbers or numbers[-1] != at:
                numbers.append(at)
        self._where.update((words.words[index], numbers) for index, numbers in by_index.items())

    def line(self, number: int) -> str:
        """Line `number`, from 1, cut where signatures stop looking; '' when there is none."""
        if not 1 <= number <= len(self._ends) + 1:
            return ""
        return self.whole(number, LONGEST)

    def raw(self, number: int) -> bytes:
        """Line `number` as bytes, whole."""
        start, end = self._bounds(number)
        return self._data[start:end]

    def length(self, number: int) -> int:
        """Bytes of line `number`."""
        start, end = self._bounds(number)
        return end - start

    def around(self, number: int, words: Sequence[str]) -> Iterator[str]:
        """Pieces of a very long line round the first and last place of each word behind its head; few, each `LONGEST` at most."""
        start, end = self._bounds(number)
        head = start + LONGEST
        places: set[int] = set()
        for word in (each.encode() for each in words):
            first = self._data.find(word, head - len(word), min(end, head + _SOUGHT))
            last = self._data.rfind(word, max(head - len(word), end - _SOUGHT), end)
            places.update(at for at in (first, last) if at >= 0)
        upto = start
        for at in sorted(places)[:_MOST_PLACES]:
            if at < upto:
                continue  # the piece before holds it
            begin, upto = max(start, at - LONGEST // 2), min(end, at + LONGEST // 2)
            yield self._data[begin:upto].decode("utf-8", "ignore")

    def whole(self, number: int, longest: int | None = None) -> str:
        """Line `number` as it stands, to be cited; at most `longest` characters of it when that is given."""
        start, end = self._bounds(number)
        if longest is None or end - start <= longest:
            return self._data[start:end].decode("utf-8", "surrogatepass")
        # A character may be cut in two at the end of the slice; it lies beyond `longest` characters in any case.
        return self._data[start : min(end, start + longest * _WIDEST)].decode("utf-8", "ignore")[:longest]

    def _bounds(self, number: int) -> tuple[int, int]:
        """First byte of the line and the byte behind its last."""
        start = self._ends[number - 2] + 1 if number > 1 else 0
        return start, self._ends[number - 1] if number <= len(self._ends) else len(self._data)
