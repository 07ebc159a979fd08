"""What a redaction rule is, and which lines are worth showing to which rules.

Not the rules themselves (`tokens`, `credentials`, `keyed`, `producers`), and not what happens to a secret
that they find (`redact`). A rule here sees one line; secrets of several lines are the work of `blocks`.

Python's `re` searches for a hundred alternatives at about 2 MB/s and for one literal at 2 GB/s. So each
rule names literals of which one is in every line that it can match, the whole text is searched for those,
and a pattern only ever runs on lines that hold its literal. Most lines hold none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

# A placeholder, for the length of its line's treatment, is one character of the private planes. The
# sanitiser lets none through, and no pattern mistakes one for a key word. See `redact`.
SLOT = re.compile("[\U000f0000-\U0010fffd]")

# Bytes that are looked at together, at least; the words of a piece are in memory at once, 15 times its size.
_PIECE = 1 << 20
# This many letters, digits, - and _ in a row, with the character before them: no token has only shorter parts,
# and keys in base64, in which + and / end a run, begin with 16 known characters.
_LONG_RUN = re.compile(rb"[^0-9A-Za-z_-][0-9A-Za-z_-]{16,}")
# More runs than this are sought in one go, so that a text full of tokens costs no more than linear time.
_FEW = 8
# Folds case, and splits words at digits: what is left of numbers and hashes is a small vocabulary.
_LETTERS = bytes(0x20 if chr(code).isdigit() else code for code in range(0x80)).lower() + b" " * 0x80

# (kind, start, end) of a secret in its line, in characters.
Secret = tuple[str, int, int]


class Rule(Protocol):
    """One kind of secret in one kind of place. Must take linear time on any line."""

    @property
    def anchors(self) -> tuple[str, ...]:
        """Lower-case ASCII literals without blanks; every line with such a secret holds one, in any case."""

    @property
    def likely(self) -> re.Pattern[bytes] | None:
        """Instead of anchors: matches each distinct long run of word characters that may be such a secret,
        from the character before the run, in ASCII.

        With neither, the rule sees all lines, which only rules for one producer may afford.
        """

    def secrets(self, line: str) -> Sequence[Secret]:
        """The secrets in the line, from left to right, none overlapping."""


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A rule that is one pattern. kind: of the placeholder; a named group is its own kind, with - for _.

    pattern: each of its groups is a secret. accept: whether a group's text is one at all, and not a path,
    a reference or the word "required".
    """

    kind: str
    pattern: re.Pattern[str]
    anchors: tuple[str, ...] = ()
    accept: Callable[[str], bool] = bool
    likely: re.Pattern[bytes] | None = None

    def secrets(self, line: str) -> Sequence[Secret]:
        if self.pattern.search(line) is None:
            return ()
        secrets: list[Secret] = []
        done = 0
        for found in self.pattern.finditer(line):
            for group in range(1, self.pattern.groups + 1):
                start, end = found.span(group)
                if start >= done and self.accept(found[group]):
                    done = end
                    secrets.append(((found.lastgroup or self.kind).replace("_", "-"), start, end))
        return secrets


class RuleBook:
    """Rules in the order in which they are tried, and the index from literals to rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._anchors: dict[bytes, tuple[bytes, int]] = {}  # → its longest part without digits, rules
        self._likely: list[tuple[re.Pattern[bytes], int]] = []
        self._always = 0
        for number, rule in enumerate(self.rules):
            for anchor in map(str.encode, rule.anchors):
                letters = max(re.split(rb"\d+", anchor), key=len)
                _, bits = self._anchors.get(anchor, (letters, 0))
                self._anchors[anchor] = letters, bits | 1 << number
            if rule.likely is not None:
                self._likely.append((rule.likely, 1 << number))
            elif not rule.anchors:
                self._always |= 1 << number
        self._chosen: dict[int, tuple[Rule, ...]] = {}

    def hits(self, text: str) -> dict[int, int]:
        """Offset of a line's first character → bit set of the rules that might match in that line."""
        ascii_only = text.encode("ascii", "replace")  # one byte for each character: offsets stay true
        found: dict[int, int] = {}
        start = 0
        while start < len(ascii_only):
            end = ascii_only.find(b"\n", start + _PIECE)
            end = len(ascii_only) if end < 0 else end + 1
            self._mark_piece(ascii_only[start:end], start, found)
            start = end
        return found

    def _mark_piece(self, piece: bytes, offset: int, found: dict[int, int]) -> None:
        """Anchors are sought in the vocabulary first: logs repeat themselves, so it is a hundredth of them."""
        vocabulary = b"\n".join(set(piece.translate(_LETTERS).split()))
        folded = piece.lower()
        for anchor, (letters, bits) in self._anchors.items():
            if letters in vocabulary:
                _mark(folded, anchor, bits, offset, found)
        runs = set(_LONG_RUN.findall(b"\n" + piece)) if self._likely else set()
        for likely, bit in self._likely:
            tokens = {run for run in runs if likely.match(run)}
            if len(tokens) <= _FEW:
                for run in tokens:
                    _mark(piece, run[1:], bit, offset, found)
            else:
                _mark_runs(piece, tokens, bit, offset, found)
        if self._always:
            _mark_all(piece, self._always, offset, found)

    def chosen(self, bits: int) -> tuple[Rule, ...]:
        """The rules of a bit set, in order. There are few different sets, so each is built once."""
        chosen = self._chosen.get(bits)
        if chosen is None:
            chosen = tuple(rule for number, rule in enumerate(self.rules) if bits >> number & 1)
            self._chosen[bits] = chosen
        return chosen


def _mark(text: bytes, literal: bytes, bits: int, offset: int, found: dict[int, int]) -> None:
    at = text.find(literal)
    while at >= 0:
        start = text.rfind(b"\n", 0, at) + 1 + offset
        found[start] = found.get(start, 0) | bits
        end = text.find(b"\n", at)
        if end < 0:
            return
        at = text.find(literal, end)


def _mark_runs(text: bytes, runs: set[bytes], bits: int, offset: int, found: dict[int, int]) -> None:
    for run in _LONG_RUN.finditer(b"\n" + text):
        if run[0] in runs:
            start = text.rfind(b"\n", 0, run.start()) + 1 + offset
            found[start] = found.get(start, 0) | bits


def _mark_all(text: bytes, bits: int, offset: int, found: dict[int, int]) -> None:
    end = -1
    while end + 1 < len(text):
        start = end + 1 + offset
        found[start] = found.get(start, 0) | bits
        end = text.find(b"\n", end + 1)
        if end < 0:
            return
