"""A text as numbered lines, searched for thousands of literal words in one pass: 50 MB of journal is one string. Pure.

The search is an Aho-Corasick automaton over UTF-8 bytes (`ahocorasick_rs`, the Rust crate's binding): its time does not
grow with the number of words, and it was 50 times as quick as asking for each word in turn (`make bench-inspect`).
It only chooses lines; what a line says is decided by Python's `re`, on the line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
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
        self._raw = text.encode("utf-8", "surrogatepass").split(b"\n")
        self._where: dict[str, list[int]] = {}  # of the words that were found
        self._looked_for: list[frozenset[str]] = []

    @cached_property
    def _ends(self) -> list[int]:
        """For each line, the place of its line feed; of the last one, the end of the text."""
        return [after - 1 for after in accumulate(len(line) + 1 for line in self._raw)]

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
        number, after = 1, ends[0]
        for index, start, _ in words.find(b"\n".join(self._raw)):
            if start > after:
                number = bisect_left(ends, start, lo=number) + 1
                after = ends[number - 1]
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
        return self.whole(number, LONGEST) if 1 <= number <= len(self._raw) else ""

    def raw(self, number: int) -> bytes:
        """Line `number` as bytes, whole."""
        return self._raw[number - 1]

    def around(self, number: int, words: Sequence[str]) -> Iterator[str]:
        """Pieces of a very long line round the first and last place of each word behind its head; few, each `LONGEST` at most."""
        line = self._raw[number - 1]
        places: set[int] = set()
        for word in (each.encode() for each in words):
            first = line.find(word, LONGEST - len(word), LONGEST + _SOUGHT)
            last = line.rfind(word, max(LONGEST - len(word), len(line) - _SOUGHT))
            places.update(at for at in (first, last) if at >= 0)
        upto = 0
        for at in sorted(places)[:_MOST_PLACES]:
            if at < upto:
                continue  # the piece before holds it
            begin, upto = max(0, at - LONGEST // 2), at + LONGEST // 2
            yield line[begin:upto].decode("utf-8", "ignore")

    def whole(self, number: int, longest: int | None = None) -> str:
        """Line `number` as it stands, to be cited; at most `longest` characters of it when that is given."""
        line = self._raw[number - 1]
        if longest is None or len(line) <= longest:
            return line.decode("utf-8", "surrogatepass")
        # A character may be cut in two at the end of the slice; it lies beyond `longest` characters in any case.
        return line[: longest * _WIDEST].decode("utf-8", "ignore")[:longest]
