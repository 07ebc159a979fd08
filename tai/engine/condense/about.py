"""What the ticket asks about, as something lines can be compared with: its words by how rare they are, its names, its window."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from math import log
from typing import Final

from tai.engine.condense.topics import patterns
from tai.model import Subjects, Window
from tai.parsers.timestamps import stamp_of

# A rare word of the ticket is worth as much as a hint of trouble; some of them together, as a complaint.
_WORD_WORTH: Final = 18.0
_WORDS_WORTH: Final = 40.0
_NAME_WORTH: Final = 22.0
_TOPIC_WORTH: Final = 16.0

_WORD = re.compile(r"[a-z][a-z0-9]{2,30}")
# Words that a ticket uses and a log may too, without meaning each other.
_COMMON: Final = frozenset(
    [
        "about",
        "above",
        "add",
        "after",
        "again",
        "ago",
        "all",
        "also",
        "always",
        "and",
        "another",
        "any",
        "are",
        "around",
        "back",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "can",
        "cannot",
        "causes",
        "come",
        "could",
        "daily",
        "day",
        "days",
        "did",
        "does",
        "doing",
        "done",
        "down",
        "during",
        "each",
        "even",
        "ever",
        "every",
        "few",
        "first",
        "for",
        "found",
        "from",
        "get",
        "gets",
        "give",
        "goes",
        "going",
        "got",
        "had",
        "has",
        "have",
        "here",
        "host",
        "how",
        "into",
        "its",
        "just",
        "keep",
        "keeps",
        "know",
        "last",
        "like",
        "line",
        "lines",
        "log",
        "logs",
        "long",
        "look",
        "made",
        "make",
        "many",
        "may",
        "might",
        "minute",
        "minutes",
        "more",
        "morning",
        "most",
        "much",
        "must",
        "need",
        "never",
        "new",
        "next",
        "night",
        "not",
        "nothing",
        "now",
        "off",
        "often",
        "old",
        "once",
        "one",
        "only",
        "other",
        "our",
        "out",
        "over",
        "own",
        "people",
        "please",
        "reported",
        "reports",
        "run",
        "running",
        "runs",
        "said",
        "same",
        "saw",
        "say",
        "see",
        "seems",
        "seen",
        "server",
        "servers",
        "service",
        "services",
        "several",
        "she",
        "should",
        "show",
        "shows",
        "since",
        "some",
        "something",
        "soon",
        "start",
        "started",
        "starts",
        "still",
        "such",
        "system",
        "systems",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "this",
        "those",
        "time",
        "times",
        "today",
        "too",
        "try",
        "two",
        "under",
        "until",
        "upgrade",
        "use",
        "used",
        "user",
        "users",
        "using",
        "very",
        "was",
        "way",
        "week",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "without",
        "work",
        "worked",
        "working",
        "works",
        "would",
        "yesterday",
        "you",
        "your",
    ]
)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


class About:
    """Weighs lines by the ticket. Learn the evidence first (`learn`), then ask."""

    def __init__(self, subjects: Subjects, words: Sequence[str], window: Window) -> None:
        self._stems = frozenset(
            _stem(part) for word in words for part in _WORD.findall(word.lower()) if part not in _COMMON
        )
        names = [*subjects.units, *subjects.processes, *subjects.addresses, *subjects.mounts]
        names = [name for name in names if len(name) > 1]
        forms = [rf"(?<![\w]){re.escape(name)}(?!\w)" for name in names]
        forms += [rf"(?:[:.]|\bport[ =]){port}\b" for port in subjects.ports]
        self._names = re.compile("|".join(forms)) if forms else None
        self._topics = patterns(frozenset(word.lower() for word in words))
        self._seen: Counter[str] = Counter()
        self._lines = 0
        self._worth: dict[str, float] = {}
        self._window = window

    def stems(self, text: str) -> frozenset[str]:
        """The ticket's words in a line."""
        if not self._stems:
            return frozenset()
        return self._stems.intersection(map(_stem, _WORD.findall(text.lower())))

    def learn(self, lines: Iterable[tuple[frozenset[str], int]], total: int) -> None:
        """How often the ticket's words stand in the evidence: (words in a line, how many such lines)."""
        for stems, count in lines:
            for stem in stems:
                self._seen[stem] += count
        self._lines += total

    def of_words(self, stems: frozenset[str]) -> float:
        """Worth of a line that has these words of the ticket: a word that stands in half of all lines says nothing."""
        return min(_WORDS_WORTH, sum(self._of_word(stem) for stem in sorted(stems)))

    def _of_word(self, stem: str) -> float:
        if stem not in self._worth:
            often = max(1, self._seen[stem])
            rare = log(1 + self._lines / often) / log(2 + max(self._lines, 100))
            self._worth[stem] = _WORD_WORTH * min(1.0, rare) ** 1.5
        return self._worth[stem]

    def of_names(self, text: str) -> float:
        """Worth of a line that has a unit, process, address, mount or port of the ticket."""
        return _NAME_WORTH if self._names and self._names.search(text) else 0.0

    def of_topic(self, text: str) -> float:
        """Worth of a line about what the ticket complains of, in other words."""
        return _TOPIC_WORTH if self._topics and self._topics.search(text[:600]) else 0.0

    @property
    def timed(self) -> bool:
        """True when the ticket says when."""
        return bool(self._window)

    def inside(self, line: str) -> bool | None:
        """Whether a line's time is in the window; None when it has none. A time without a zone is read in the window's."""
        side = self.side(line)
        return None if side is None else side == 0

    def side(self, line: str) -> int | None:
        """-1 for a line before the window, 0 inside, 1 after; None when it has no time, or there is no window."""
        edge = self._window.since or self._window.until
        if edge is None:
            return None
        stamp = stamp_of(line, year=edge.year)
        if stamp is None or stamp.at is None:
            return None
        at: datetime = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=edge.tzinfo)
        if self._window.since and at < self._window.since:
            return -1
        return int(bool(self._window.until and at > self._window.until))
