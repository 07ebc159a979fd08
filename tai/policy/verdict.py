"""What the policy says about a command line, as a value: for `tai policy check`, the REPL and the model's proposals.

Not a second opinion: a verdict comes from making a `ReadOnlyCommand`, and adds words for the person who reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from tai.errors import PolicyRefusal
from tai.policy.command import ReadOnlyCommand
from tai.policy.types import Tier

Decision = Literal["allow", "ask", "refuse"]

# A longer line is not searched for its nearest allowed form, to keep the answer under 1 ms.
_SHORT_WORDS = 10
_SHORT_CHARS = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """allow: runs by itself. ask: a person must agree first. refuse: nobody can make it run."""

    decision: Decision
    tier: Tier | None
    """None when it is refused."""
    command: ReadOnlyCommand | None
    """None when it is refused."""
    argv: tuple[str, ...]
    """The canonical words; when it is refused, the words as they were given."""
    reason: str
    """Why, in one sentence part."""
    nearest: str
    """A refused line's nearest allowed form, or ''."""
    notes: tuple[str, ...]
    """What canonicalising changed."""


def check(argv: Sequence[str]) -> Verdict:
    """The verdict on a command line. Never raises."""
    try:
        command = ReadOnlyCommand(argv)
    except PolicyRefusal as refusal:
        given = tuple(map(str, argv))
        nearest = _without_one_word(argv) or refusal.nearest
        return Verdict("refuse", None, None, given, refusal.reason, nearest, ())
    decision, reason = _decided(command.tier)
    if command.effects:
        reason = f"{reason}; {command.effects}"
    return Verdict(decision, command.tier, command, command.argv, reason, "", command.notes)


def _decided(tier: Tier) -> tuple[Decision, str]:
    match tier:
        case Tier.A:
            return "allow", "only reads"
        case Tier.B:
            return "ask", "only reads, but is heavy, wakes a daemon or may show secrets"
        case Tier.C:
            return "ask", "sends packets, so its destination must be approved"
        case _:
            assert_never(tier)


def _without_one_word(argv: Sequence[str]) -> str:
    """The line with one argument left out, when that is allowed: `dmesg -c` gives `dmesg`."""
    if isinstance(argv, str | bytes) or not 2 <= len(argv) <= _SHORT_WORDS:
        return ""
    if sum(map(len, argv)) > _SHORT_CHARS:
        return ""
    for at in range(1, len(argv)):
        shorter = [*argv[:at], *argv[at + 1 :]]
        try:
            command = ReadOnlyCommand(shorter)
        except PolicyRefusal:
            continue
        if command.tier is not Tier.C:
            return " ".join(command.argv)
    return ""
