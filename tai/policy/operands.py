"""Matches operands to the sequences of types that the catalogue allows.

Not the path policy: a path operand is only matched by its shape here.
"""

from __future__ import annotations

from collections.abc import Sequence

from tai.policy.spec import Operand, Operands

Typed = tuple[Operand, str]
"""An operand with the rule that it matched."""


def match(choices: Sequence[Operands], words: Sequence[str]) -> list[Typed] | None:
    """The first allowed sequence that takes every word, with what it fills in; None when there is none."""
    for choice in choices:
        found = _match(choice, words)
        if found is not None:
            return found
    return None


def _match(rules: Operands, words: Sequence[str]) -> list[Typed] | None:
    if not rules:
        return None if words else []
    rule, rest = rules[0], rules[1:]
    reach = 0
    while reach < min(rule.most, len(words)) and rule.type.fits(words[reach]):
        reach += 1
    for taken in range(reach, rule.least - 1, -1):  # the longest first, then give back
        tail = _match(rest, words[taken:])
        if tail is not None:
            mine = words[:taken] or ([rule.fill] if rule.fill else [])
            return [(rule, word) for word in mine] + tail
    return None


def complaint(choices: Sequence[Operands], words: Sequence[str]) -> str:
    """Why no sequence takes these words, in a sentence part for the user."""
    if not any(choices):
        return f"takes no operand, and {words[0]!r} is one"
    wanted = " or ".join(dict.fromkeys(spelled(choice) for choice in choices))
    for word in words:
        if not any(rule.type.fits(word) for choice in choices for rule in choice):
            meanings = dict.fromkeys(rule.type.means for choice in choices for rule in choice)
            return f"does not take {word!r}; expected {wanted} ({'; '.join(meanings)})"
    if not words:
        return f"needs operands: {wanted}"
    return f"does not take {' '.join(words)!r}; expected {wanted}"


def spelled(choice: Operands) -> str:
    """One sequence as the catalogue spells it; `nothing` when it is empty."""
    return " ".join(rule.spelled for rule in choice) or "nothing"
