"""Lines that look suspicious when no signature fits: what a tired engineer's eye would stop at. Pure, stable.

Not findings: nothing is known about these lines but their words. They are leads of an inconclusive answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Final

from tai.model import OTHER_OPTIONS, Observation, Outcome, Ticket, Window
from tai.parsers.lines import Lines, Words
from tai.parsers.timestamps import stamp_of

_WEIGHTS: Final = (
    (
        4.0,
        re.compile(
            r"(?i)\b(?:panic|fatal|emerg|critical|crit|corrupt\w*|segfault|oom-killer|out of memory)\b"
        ),
    ),
    (
        3.0,
        re.compile(
            r"(?i)\b(?:errors?|fail(?:ed|ure|ing)?|unable|cannot|can't|could not|refused|denied|killed|aborted|exception|traceback)\b"
        ),
    ),
    (
        2.0,
        re.compile(
            r"(?i)\b(?:time[d ]?-?out|unreachable|rejected|missing|not found|no such|invalid|expired|exceeded|reset|lost|dropp(?:ed|ing))\b"
        ),
    ),
    (1.0, re.compile(r"(?i)\b(?:warn(?:ing)?|retry(?:ing)?|slow|degraded|unexpected)\b")),
)
# Each of the words above begins with, or holds, one of these; lines without any are not looked at.
_STEMS: Final = (
    "panic", "fatal", "emerg", "crit", "corrupt", "segfault", "oom-killer", "out of memory", "error", "fail", "unable",
    "can't", "cannot", "could not", "refused", "denied", "killed", "aborted", "exception", "traceback", "timeout", "timed",
    "time-out", "unreachable", "rejected", "missing", "not found", "no such", "invalid", "expired", "exceeded", "reset",
    "lost", "dropp", "warn", "retry", "slow", "degraded", "unexpected",
)  # fmt: skip
# A log that complains in every line does not get worse by the next one.
_MOST_LINES: Final = 50_000
# "0 errors", "no error", "error_log on" speak of no fault.
_HARMLESS: Final = re.compile(
    r"(?i)\b(?:0|no|without) (?:errors?|failures?|failed)\b|\berror[_-]?log\b|fail2ban|errors?[=:] ?0\b|ignor(?:ed|ing)"
)
# The level that the program itself gives the line, in the forms of MySQL, PostgreSQL, Redis, Python, Java, Go and logfmt: what it
# says it can go on with is no fault, whatever words it says it in. Not the bare word: "kernel: warning: ..." can be anything.
_MILD: Final = re.compile(
    r"\[(?:[Ww]arn(?:ing)?|WARN(?:ING)?|[Nn]ote|NOTE|[Nn]otice|NOTICE|[Ii]nfo|INFO|[Dd]ebug|DEBUG)\]"
    r"| (?:WARN(?:ING)?|NOTICE|INFO|DEBUG)[: ]|\blevel=\"?(?:warn(?:ing)?|info|debug)\b"
)
_WARNED: Final = 1.0
_SUBJECT: Final = 3.0
_POSTED: Final = 1.0
# A template that comes once is likelier the event than one that comes a thousand times.
_RARE: Final = 1.0
_IN_WINDOW: Final = 2.0
_OUT_OF_WINDOW: Final = -3.0
# What the boot before this one said as well is how this host is.
_AS_BEFORE: Final = -2.0
_LEAD: Final = timedelta(hours=1)
_ZONES: Final = timedelta(hours=14)
_LOG_PROGRAMS: Final = frozenset({"journalctl", "dmesg", "tail", "cat", "zcat"})
_TOOLS_OWN_WORDS: Final = frozenset({Outcome.MISSING_TOOL, Outcome.NO_PERMISSION, Outcome.REFUSED})
_LONGEST: Final = 1000
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.IGNORECASE)
_HEAD = re.compile(r"^.{0,60}?\]?: ")


@dataclass(frozen=True, slots=True)
class Lead:
    """One line worth a look. weight: larger is more suspicious; times: how often lines of its form came; mild: its own
    program calls it a warning, a notice or less."""

    observation: str
    line: int
    text: str
    weight: float
    times: int
    mild: bool = False


def leads(ticket: Ticket, observations: Sequence[Observation], most: int) -> list[Lead]:
    """The `most` suspicious lines of different form, worst first."""
    names = _names(ticket)
    best: dict[str, Lead] = {}
    times: Counter[str] = Counter()
    before: set[str] = set()
    for seen in observations:
        if not _is_log(seen):
            continue
        for lead in _weighed(seen, names, ticket.window):
            form = form_of(lead.text)
            if _of_boot_before(seen):
                before.add(form)
                continue
            times[form] += 1
            if form not in best or lead.weight > best[form].weight:
                best[form] = lead
    ranked = [
        Lead(
            lead.observation,
            lead.line,
            lead.text,
            lead.weight + _RARE / times[form] + (_AS_BEFORE if form in before else 0.0),
            times[form],
            lead.mild,
        )
        for form, lead in best.items()
    ]
    return sorted(ranked, key=lambda lead: -lead.weight)[:most]


def form_of(line: str) -> str:
    """The line without its head, its numbers left open: lines of one form say the same."""
    return _VARIABLE.sub("#", _HEAD.sub("", line[:_LONGEST]))


def _of_boot_before(seen: Observation) -> bool:
    return any(word in {"-1", "--boot=-1"} for word in seen.argv[1:]) and "journalctl" in seen.argv


def _near(line: str, window: Window) -> float:
    """What a line's time adds: in the ticket's window (and the hour before), or well out of it; 0 when either tells none."""
    edge = window.since or window.until
    if edge is None or (stamp := stamp_of(line, year=edge.year)) is None or stamp.at is None:
        return 0.0
    at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=edge.tzinfo)
    slack = timedelta() if stamp.zoned else _ZONES
    if (window.since and at < window.since - _LEAD - slack) or (window.until and at > window.until + slack):
        return _OUT_OF_WINDOW
    inside = (window.since is None or at >= window.since - _LEAD) and (
        window.until is None or at <= window.until
    )
    return _IN_WINDOW if inside else 0.0


@cache
def _stems() -> Words:
    return Words(_STEMS)


def _weighed(seen: Observation, names: frozenset[str], window: Window) -> Iterator[Lead]:
    posted = 0.0 if seen.argv else _POSTED
    lower = Lines(seen.text.lower())
    lower.look_for(_stems())
    lines = Lines(seen.text)
    for number in islice(lower.holding(_STEMS), _MOST_LINES):
        line = lines.whole(number)
        head = line[:_LONGEST]
        weight = next((weight for weight, words in _WEIGHTS if words.search(head)), 0.0)
        if not weight or _HARMLESS.search(head):
            continue
        folded = head.lower()
        mild = _MILD.search(head) is not None
        if mild:
            weight = min(weight, _WARNED)
        near = _SUBJECT if any(name in folded for name in names) else 0.0
        yield Lead(seen.id, number, line, weight + near + posted + _near(head, window), 1, mild)


def _is_log(seen: Observation) -> bool:
    """Attachments, and what reads logs; a table or a configuration file is full of such words for no reason.

    What a tool says of its own options, rights or absence is a gap, and no line of a log.
    """
    if not seen.text or not seen.argv:
        return bool(seen.text)
    if seen.outcome in _TOOLS_OWN_WORDS or OTHER_OPTIONS in seen.reason:
        return False
    program, *rest = seen.argv
    reads_log = program in _LOG_PROGRAMS and not any(
        word.startswith(("/etc/", "/proc/", "/lib/", "/usr/")) for word in rest
    )
    return reads_log or (program == "systemctl" and "status" in rest)


def _names(ticket: Ticket) -> frozenset[str]:
    subjects = ticket.subjects
    names = [*subjects.units, *subjects.processes, *subjects.addresses, *ticket.paths]
    stems = {name.lower().removesuffix(".service") for name in names}
    return frozenset(stem for stem in stems if len(stem) > 2)
