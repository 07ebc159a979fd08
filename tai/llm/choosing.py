"""Which weighed finding may be called the cause, and which stand beside it. Pure.

Counterpart of `tai.llm.correlate`, which weighs; what is said of the choice is written in `tai.llm.deterministic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from tai.llm.base import Question
from tai.llm.complaints import complained_of
from tai.llm.correlate import Weighed
from tai.model import Finding
from tai.parsers.speaker import speaker
from tai.parsers.timestamps import stamp_of

# Two likely causes of different kind that far apart are told apart; of closer ones only the one that explains more.
_MARGIN: Final = 1.5
_RELATED: Final = 2.0
_MANY_VOICES: Final = frozenset({"kernel", "systemd"})
# Lines so near, of one program, tell one event.
_NEXT: Final = 2


def serious(one: Weighed) -> bool:
    """Bad by itself; or common enough to mean nothing, but here it explains something or bears the ticket's name."""
    match one.finding.severity:
        case "critical" | "high":
            return True
        case "medium" | "low" | "info":
            return bool(one.explains) or one.named or (one.own and one.related)
        case _:
            assert_never(one.finding.severity)


def graver(causes: list[Weighed]) -> list[Weighed]:
    """Without mere facts, where a fault that the ticket is about stands beside them: that a port is open is no rival to it."""
    faults = [one for one in causes if one.finding.severity != "info"]
    return faults if any(one.related and not one.old for one in faults) else causes


def only_one(able: Sequence[Weighed]) -> list[Weighed]:
    """A small matter is the cause when somebody posted its line, or the ticket speaks of it, and nothing else that was found can be one."""
    fit = [
        one
        for one in able
        if (one.posted or one.related) and not one.old and one.finding.severity in ("medium", "low")
    ]
    told = [one for one in fit if one is fit[0] or not _one_story(fit[0].finding, one.finding)]
    return told if len({one.finding.signature for one in told}) == 1 else []


def unexplained(question: Question, weighed: Sequence[Weighed], chosen: Weighed | None) -> Weighed | None:
    """What the ticket complains of, as the host's own lines show it, where nothing that was found explains it: the deepest that is known.

    It goes before a cause of something else, unless the ticket's title speaks of that: a ticket may mention an old failure.
    """
    shown = [
        one
        for one in weighed
        if one.finding.severity in ("critical", "high")
        and one.related
        and one.complaint
        and not (one.cause or one.old or one.posted or one.explained_by)
    ]
    if not shown or (
        chosen is not None and (chosen.explains or chosen.complaint) and not _aside(question, chosen)
    ):
        return None
    return shown[0]


def _aside(question: Question, one: Weighed) -> bool:
    """Whether the ticket speaks of this only after its title, which speaks of something else."""
    title = next((line for line in question.ticket.text.splitlines() if line.strip()), "").lower()
    named = {name for each in (one, *chain_of(one)) for name in each.names}
    return bool(named) and bool(complained_of(title)) and not any(name in title for name in named)


def deeper(one: Weighed) -> bool:
    """True when something that can itself be a cause explains this finding."""
    return any((above.cause and not above.old) or deeper(above) for above in one.explained_by)


def choose(causes: Sequence[Weighed]) -> Weighed | None:
    """The one that may be called the cause: it touches the ticket or is grave, is not long past, and has no rival near."""
    fit = [one for one in causes if not one.old and (one.related or one.alone)]
    if not fit:
        return None
    first, *others = sorted(fit, key=lambda one: -_score(one))
    rivals = [one for one in others if _rival(first, one)]
    if not rivals or len(first.explains) > max(len(one.explains) for one in rivals):
        return first
    # Two faults at once, both about what the ticket speaks of, are told as two; otherwise nothing chooses between them.
    return first if first.related and all(one.related for one in rivals) else None


def _rival(first: Weighed, other: Weighed) -> bool:
    """Whether the other is as likely, and another kind of fault: not the same words of one program read twice."""
    if other.finding.category == first.finding.category or _one_story(first.finding, other.finding):
        return False
    return _score(first) - _score(other) < _MARGIN


def beside(question: Question, chosen: Weighed, one: Weighed) -> bool:
    """Whether the other is told as a second fault. Beside a mere failure that nothing explains, what the ticket only mentions is not."""
    if one.old or not one.related or (not chosen.cause and _aside(question, one)):
        return False
    return _rival(chosen, one) or _other_story(chosen, one)


def _other_story(first: Weighed, other: Weighed) -> bool:
    """Whether the ticket names a program for each, and the other's is none that the first's story has."""
    told = {name for each in (first, *chain_of(first)) for name in each.names}
    own = {name for each in (other, *chain_of(other)) for name in each.names}
    return bool(told) and bool(own) and not told & own and not _one_story(first.finding, other.finding)


def _one_story(first: Finding, other: Finding) -> bool:
    """Whether the two cite one line, or lines of one program that follow each other."""
    return any(
        one.observation == two.observation
        and (one.line == two.line or (abs(one.line - two.line) <= _NEXT and _one_voice(one.text, two.text)))
        for one in first.cited
        for two in other.cited
    )


def _one_voice(one: str, other: str) -> bool:
    """Whether one program wrote both lines. The kernel and systemd speak for many; lines without a time or name are one output."""
    said = speaker(one)
    if said != speaker(other) or said in _MANY_VOICES:
        return False
    return bool(said) or (stamp_of(one, year=_NO_YEAR) is None and stamp_of(other, year=_NO_YEAR) is None)


def _score(one: Weighed) -> float:
    return one.weight + (_RELATED if one.related else 0.0)


def chain_of(chosen: Weighed) -> list[Weighed]:
    """What follows from the cause, nearest first."""
    chain: list[Weighed] = []
    queue = list(chosen.explains)
    while queue:
        one = queue.pop(0)
        if one not in chain:
            chain.append(one)
            queue.extend(one.explains)
    return chain


# For lines without a year in a ticket without a window, only their order counts; a leap year knows every date.
_NO_YEAR: Final = 2024
