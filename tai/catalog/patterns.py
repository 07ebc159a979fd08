"""Regular expressions of collector files: compiled once, and refused when a long line could make them run for ever.

Python's `re` backtracks. Habits that make that explode can be seen in the pattern: a repeated group that itself holds an
unbounded repetition, `(a+)+`; a repeated choice whose branches can begin alike, `(a|a)*`; several repetitions of like
characters in a row, `\\w+\\w+\\w+`; and several wide ones, `.*x.*y.*`. Lines are cut (`tai.parsers.lines.LONGEST`)
before they are searched, so that what is left is bounded too. What this misses, `tai.catalog.trial` finds by running it.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Final

_MOST_WIDE: Final = 2
_MOST_IN_A_ROW: Final = 2
# The characters by which two pieces of a pattern are compared: what lines are made of.
_SAMPLE: Final = "".join(map(chr, range(32, 127))) + "\t\né€"
# One token of a pattern: escape, character class, group opening, or any other single character.
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P<\w+>|[:=!>]|<[=!]|[aimsux]+\)|P=\w+\))|.", re.DOTALL
)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")
_REPEAT = re.compile(r"[*+?]|\{\d*,?\d*\}")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The compiled expression. Raises re.error, whose text says what is wrong."""
    with warnings.catch_warnings():
        # `[[` may mean something else in a later Python; it is no fault of who runs tai.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)


def unsafe(pattern: str) -> str:  # noqa: PLR0912 - one branch for each kind of token
    """Why the pattern could take very long on a long line, '' when it cannot."""
    groups = [_Group()]
    wide = 0
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        assert token is not None  # noqa: S101 - the last alternative takes any character
        position = token.end()
        text = token[0]
        closed: _Group | None = None
        if text.startswith("(?") and text.endswith(")"):
            if text.startswith("(?P="):
                return "it refers back to a group"
            continue
        if text.startswith("("):
            groups[-1].begin(None)
            groups.append(_Group())
            continue
        if text == "|":
            groups[-1].next_branch()
            continue
        if text == ")" and len(groups) > 1:
            closed = groups.pop()
            closed.next_branch()
            groups[-1].unbounded = groups[-1].unbounded or closed.unbounded
        else:
            groups[-1].begin(text)
        repeat = _REPEAT.match(pattern, position)
        if repeat is None:
            groups[-1].row = []
            continue
        position = repeat.end()
        if repeat[0] in ("?", "*") or repeat[0].startswith(("{0", "{,")):
            groups[-1].may_be_empty(text)
        if _UNBOUNDED.fullmatch(repeat[0]):
            if reason := _of_repeated(closed):
                return reason
            groups[-1].unbounded = True
            wide += text == "." or text.startswith("[^")
            if groups[-1].one_more_in_a_row(text if closed is None else ""):
                return f"more than {_MOST_IN_A_ROW} repetitions in a row can take the same characters"
        elif closed is not None and closed.unbounded and repeat[0] != "?":
            return "a repeated group holds something that repeats without bound"
        elif repeat[0] != "?":
            groups[-1].row = []
    if wide > _MOST_WIDE:
        return f"it has {wide} wide repetitions such as '.*' (at most {_MOST_WIDE}); bound them, as in '.{{0,200}}'"
    return ""


def _of_repeated(closed: _Group | None) -> str:
    """Why a group must not be repeated without bound; '' for a single token, or a group that may be."""
    if closed is None:
        return ""
    if closed.unbounded:
        return "a group that repeats without bound holds something that repeats without bound"
    if closed.begins_alike():
        return "a choice that repeats without bound has branches that can begin alike"
    return ""


class _Group:
    """What is known of a group while it is read. unbounded: it holds something that repeats without bound.

    firsts: of each branch, the token that it begins with; '' when that cannot be told from one token.
    row: the repetitions without bound that stand one after another.
    """

    def __init__(self) -> None:
        self.unbounded = False
        self.firsts: list[str] = []
        self.row: list[str] = []
        self._first: str | None = None

    def begin(self, text: str | None) -> None:
        """A token of the branch, or a group (None)."""
        if self._first is None:
            self._first = text or ""

    def may_be_empty(self, text: str) -> None:
        """The token that was read last may be left out, so that the next one may begin the branch."""
        if self._first == text:
            self._first = ""

    def next_branch(self) -> None:
        self.firsts.append(self._first or "")
        self._first = None
        self.row = []

    def begins_alike(self) -> bool:
        """Whether two branches can begin with the same character, or one cannot be judged."""
        if len(self.firsts) < 2:
            return False
        if "" in self.firsts:
            return True
        sets = [_characters(first) for first in self.firsts]
        return any(one & other for n, one in enumerate(sets) for other in sets[n + 1 :])

    def one_more_in_a_row(self, text: str) -> bool:
        """Whether this repetition makes one too many in a row that can take the same characters."""
        if not text:
            self.row = []
            return False
        self.row.append(text)
        common = frozenset(_SAMPLE)
        for each in self.row[-_MOST_IN_A_ROW - 1 :]:
            common &= _characters(each)
        return len(self.row) > _MOST_IN_A_ROW and bool(common)


@cache
def _characters(token: str) -> frozenset[str]:
    """The characters of the sample that a token takes; all of them when it cannot be asked."""
    try:
        one = compiled(token)
    except re.error:
        return frozenset(_SAMPLE)
    return frozenset(character for character in _SAMPLE if one.fullmatch(character))
