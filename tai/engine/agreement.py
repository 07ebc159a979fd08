"""How far several answers to one question say the same. Pure; no model's own opinion of itself is looked at.

Two answers agree when their outcomes are the same and, for a cause, when it is told in mostly the same telling words or
rests on mostly the same lines. The answer that most others agree with is the one to go on with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tai.answer import Answer

# Share of the smaller set that two causes have in common, from where they count as the same.
_SAME_WORDS = 0.5
_SAME_LINES = 0.5

_WORD = re.compile(r"[a-z0-9_/][a-z0-9_./@:-]*[a-z0-9]")
_SAY_NOTHING_WORDS = """
    the and for was were with that this from because therefore has have had not its it is are be been which when since so as by on
    in of to at an or due caused cause causes root service services server host system process failed fails failing failure error
    errors could cannot can unable down
"""
_SAY_NOTHING = frozenset(_SAY_NOTHING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Agreement:
    """asked: answers that were asked for; usable: those that came; agreeing: those that say what the chosen one says, it included."""

    asked: int
    usable: int
    agreeing: int

    @property
    def share(self) -> float:
        """From 0 to 1, of the usable ones."""
        return self.agreeing / self.usable


def choose(answers: Sequence[Answer], *, asked: int) -> tuple[Answer, Agreement | None]:
    """The answer that most of them agree with, the first of those; and how many do. None where only one was asked for."""
    agreeing = [sum(same(one, other) for other in answers) for one in answers]
    best = agreeing.index(max(agreeing))
    if asked < 2:
        return answers[best], None
    return answers[best], Agreement(asked, len(answers), agreeing[best])


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same."""
    if one is other:
        return True
    if one.outcome != other.outcome:
        return False
    if one.outcome != "root_cause":
        return True
    return (
        _overlap(_words(one), _words(other)) >= _SAME_WORDS
        or _overlap(_lines(one), _lines(other)) >= _SAME_LINES
    )


def _words(answer: Answer) -> frozenset[str]:
    """The telling words of the cause: a plural is its singular, a unit is its name."""
    words = (word.removesuffix(".service") for word in _WORD.findall(answer.cause.lower()))
    return frozenset(
        word.removesuffix("s") if len(word) > 4 else word for word in words if word not in _SAY_NOTHING
    )


def _lines(answer: Answer) -> frozenset[tuple[str, int]]:
    return frozenset(
        (quote.evidence.upper(), quote.line) for claim in answer.evidence for quote in claim.quotes
    )


def _overlap(one: frozenset[object], other: frozenset[object]) -> float:
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0
