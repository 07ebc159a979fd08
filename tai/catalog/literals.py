"""Words without which an expression cannot fit a line, read off the expression: a line that lacks them is not searched. Pure.

`match.has` chooses the lines for a signature; this chooses, on each of them, which of its expressions is worth the time. Python's
`re` has no such step of its own for expressions that begin with a wildcard, and those are the slow ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from re import _parser  # type: ignore[attr-defined]  # the one that `re` itself uses; there is no public way to its result
from typing import Any, Final

Clause = frozenset[str]
"""Words in lower case, one of which stands in every text that fits."""

# Words as short stand in too many lines to save anything.
_SHORTEST: Final = 3
_MOST_WORDS: Final = 24
_MOST_CLAUSES: Final = 4


def may_fit(pattern: str, lower: str) -> bool:
    """False when the expression cannot be found in the text whose lower case this is; True says nothing."""
    for clause in clauses(pattern):
        for word in clause:
            if word in lower:
                break
        else:
            return False
    return True


@cache
def clauses(pattern: str) -> tuple[Clause, ...]:
    """What must stand in a text that fits, all of it; the clauses that say most first. Case is not compared.

    `re` takes a few letters beyond ASCII for ASCII ones where case is ignored (ſ, K): such a line is missed.
    """
    found = sorted(set(_clauses(_parser.parse(pattern))), key=lambda each: (-_worth(each), sorted(each)))
    return tuple(found[:_MOST_CLAUSES])


def _clauses(items: Iterable[Any]) -> list[Clause]:
    """Of a sequence in the parser's form: pairs of an operation and what it applies to."""
    found: list[Clause] = []
    run = ""
    for op, argument in _flat(items):
        name = str(op)
        if name == "LITERAL":
            run += chr(argument)
            continue
        if name == "AT":  # a place, no character
            continue
        if len(run) >= _SHORTEST:
            found.append(frozenset({run.lower()}))
        run = ""
        if name == "BRANCH":
            if choice := _of_branches(argument[1]):
                found.append(choice)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and argument[0] >= 1:
            found += _clauses(argument[2])
    if len(run) >= _SHORTEST:
        found.append(frozenset({run.lower()}))
    return found


def _flat(items: Iterable[Any]) -> Iterable[Any]:
    """The sequence with the contents of groups in their place: a word may go on behind a group's end."""
    for op, argument in items:
        if str(op) == "SUBPATTERN":
            yield from _flat(argument[3])
        elif str(op) == "ATOMIC_GROUP":
            yield from _flat(argument)
        else:
            yield op, argument


def _of_branches(branches: Sequence[Any]) -> Clause:
    """One clause that holds for a choice: a word of each branch; empty when some branch needs none."""
    words: set[str] = set()
    for branch in branches:
        best = max(_clauses(branch), key=_worth, default=frozenset[str]())
        if not best:
            return frozenset()
        words |= best
    return frozenset(words) if len(words) <= _MOST_WORDS else frozenset()


def _worth(clause: Clause) -> float:
    """How much a clause is likely to leave out: long words and few."""
    return min(len(word) for word in clause) - len(clause) / 4
