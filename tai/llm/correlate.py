"""Which findings belong together, and which of them the ticket is about. Pure; the order of its results is stable.

Not the answer: `tai.llm.deterministic` writes that. Here findings get a weight, and explanations become chains: a unit
failed because its program could not write, because the disk is full, so the disk is the root of the three.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from tai.llm.complaints import can_be_meant, complained_of, could_do_it
from tai.llm.explaining import Surroundings, bound, explains, of_host, surroundings
from tai.llm.nearness import nearness, newest
from tai.llm.own_words import said_by
from tai.llm.program_names import same_program, stem_of, stems_of
from tai.model import Bearing, Finding, Observation, Ticket, Window
from tai.parsers.speaker import speaker

_SEVERITY: Final = {"critical": 4.0, "high": 3.0, "medium": 2.0, "low": 1.0, "info": 0.0}
# As bad as this, a fault breaks what nobody named.
_STANDS_ALONE: Final = frozenset({"critical"})
# A name that the ticket gives is a strong sign, a word in common a weak one.
_SAME_SUBJECT: Final = 4.0
_SAME_WORD: Final = 1.0
_MOST_WORDS: Final = 3
_POSTED: Final = 3.0
_EXPLAINS: Final = 1.0
# Telling words, below which a ticket says next to nothing.
_FEW: Final = 3
_HOST = re.compile(r"[a-z][a-z-]*\d+[a-z]?")
# These write of others.
_SPEAKS_FOR_ALL: Final = frozenset({"system", "systemd", "kernel"})
_TOPIC = re.compile(r"[a-z0-9][a-z0-9_+-]{2,}")
_NAME = re.compile(r"[a-z][a-z0-9_+-]{2,}")
_LOGGED = re.compile(r".{0,80}?\b(?P<ident>[\w.@/-]+)(?:\[\d+\])?: (?P<message>.*)")
# Words of tickets and titles that bind nothing to anything.
_COMMON_WORDS: Final = """
    the and for not was were has have had are with that this from its does did but can cannot any all out after before
    since when then than they them there which while will been more most some only also into over under very host hosts
    server servers machine node system service services unit program process error errors failed fails failing failure
    start starts started broken log logs attached evidence ticket written file files load loads enough problem issue please look check what why how users user new old got get see one two time itself
    utc gmt cet cest
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())
# These say that something is amiss, and not what.
_NO_TOPIC: Final = frozenset(
    {"failure", "down", "dead", "died", "outage", "unavailable", "happened", "stop", "stops", "stopped", "stopping", "lost", "missing"}
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Weighed:
    """A finding with what speaks for it. weight: larger is likelier the cause; related: the ticket points at it.

    named: the ticket gives its very name; posted: its line came with the ticket; alone: so grave that it may be the cause though
    nothing ties it to the ticket. own: a unit that the ticket names said it; complaint: it is of the kind that the ticket complains
    of; names: the ticket's units and processes that it is about, or that said it. old: its time is far from the ticket's, or from the newest line when the ticket has no time. reasons: what tied it to
    the ticket; explains: findings that follow from it; explained_by: those it follows from.
    """

    finding: Finding
    cause: bool
    weight: float
    related: bool
    old: bool
    named: bool
    posted: bool = False
    alone: bool = False
    own: bool = False
    complaint: bool = False
    names: frozenset[str] = frozenset()
    reasons: list[str] = field(default_factory=list)
    explains: list[Weighed] = field(default_factory=list)
    explained_by: list[Weighed] = field(default_factory=list)


def weigh(
    ticket: Ticket,
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    symptoms: AbstractSet[str],
    bearings: Mapping[str, Bearing],
) -> list[Weighed]:
    """Every finding, weighed, likeliest first. symptoms: signatures that are never a cause by themselves; bearings: by signature."""
    posted = {seen.id: seen for seen in observations if not seen.argv}
    window = ticket.window or newest(observations, alone=all(not seen.argv for seen in observations))
    weighed = [
        _weigh(
            ticket,
            finding,
            bearings.get(finding.signature, Bearing()),
            posted,
            window,
            cause=finding.signature not in symptoms,
            unit=said_by(ticket.subjects.units, finding, observations),
        )
        for finding in findings
    ]
    around = surroundings(observations, findings)
    for effect in weighed:
        for cause in weighed:
            if cause is effect or _reaches(effect, cause):
                continue
            if explains(cause.finding, effect.finding, around):
                cause.explains.append(effect)
                effect.explained_by.append(cause)
    for effect in weighed:
        _keep_own_causes(effect, around)
    for one in weighed:
        below = _below(one)
        one.weight += _EXPLAINS * min(len(below), 3)
        if not one.related and any(other.related for other in below):
            one.related = True
            one.reasons.append("it explains what the ticket speaks of")
    return sorted(weighed, key=lambda one: -one.weight)


def _keep_own_causes(effect: Weighed, around: Surroundings) -> None:
    """What a program said itself about its end goes before a fault of the whole host that does not explain what it said."""
    own = [
        above for above in effect.explained_by if above.cause and bound(above.finding, effect.finding, around)
    ]
    for above in [each for each in effect.explained_by if each not in own]:
        if (
            own
            and not any(_reaches(above, each) for each in own)
            and not bound(above.finding, effect.finding, around)
        ):
            effect.explained_by.remove(above)
            above.explains.remove(effect)


def _reaches(start: Weighed, goal: Weighed) -> bool:
    """True when `start` explains `goal` already, by any way: a chain must not close to a ring."""
    return goal in _below(start)


def _below(top: Weighed) -> list[Weighed]:
    found: list[Weighed] = []
    queue = list(top.explains)
    while queue:
        one = queue.pop(0)
        if one not in found:
            found.append(one)
            queue.extend(one.explains)
    return found


def _weigh(
    ticket: Ticket,
    finding: Finding,
    bearing: Bearing,
    posted: Mapping[str, Observation],
    window: Window,
    *,
    cause: bool,
    unit: str,
) -> Weighed:
    weight = _SEVERITY[finding.severity]
    reasons: list[str] = []
    called = ""
    if subject := _same_subject(ticket, finding):
        weight += _SAME_SUBJECT
        reasons.append(f"the ticket names {subject}")
    elif called := _called(ticket, finding, bearing):
        weight += _SAME_SUBJECT
        reasons.append(f"the ticket names {called}")
    elif unit:
        # It ties the two, and says nothing of which of the unit's many words is the deepest.
        reasons.append(f"the ticket names {unit}, and {unit} said it")
    spoken = _ticket_words(ticket)
    words = sorted(spoken[stem] for stem in _words(finding) & spoken.keys())[:_MOST_WORDS]
    weight += _SAME_WORD * len(words)
    # One word in common with a small matter is chance.
    if len(words) > 1 or (words and finding.severity in {"high", "critical"}):
        reasons.append(f"the ticket says {', '.join(words)}")
    given = next((posted[cited.observation] for cited in finding.cited if cited.observation in posted), None)
    if given is not None:
        weight += _POSTED
        if not reasons and _says_little(ticket, spoken):
            reasons.append("its line came with the ticket")
        elif not reasons:
            said = set(spoken.values())
            grave = finding.severity in {"high", "critical"}
            why = can_be_meant(ticket, bearing, given, words=said, host_wide=of_host(finding), grave=grave)
            reasons += [why] if why else []
    if given is None and not reasons and (topic := _topic(ticket, finding, bearing)):
        reasons.append(f"the ticket says {topic}")
    related = bool(reasons)
    near = nearness(window, finding)
    if near < 0 or ticket.window:
        weight += near
    if near > 0 and ticket.window:
        reasons.append("it happened in the ticket's time")
    return Weighed(
        finding,
        cause,
        weight,
        related=related and near >= 0,
        old=near < 0,
        named=bool(subject or called),
        posted=given is not None,
        own=bool(unit),
        complaint=bool(complained_of(ticket.text) & bearing.effects),
        names=_names(ticket, finding, unit),
        alone=finding.severity in _STANDS_ALONE
        and (given is None or (of_host(finding) and could_do_it(ticket, bearing))),
        reasons=reasons,
    )


def _called(ticket: Ticket, finding: Finding, bearing: Bearing) -> str:
    """What the finding is about, where the ticket has it as a word and complains of what such a fault does: an account that cannot log
    in. A word alone is none: `reports` may be an account, and what people read.
    """
    name = finding.subject.lower()
    known = name in _ticket_words(ticket).values() and complained_of(ticket.text) & bearing.effects
    return finding.subject if known else ""


def _topic(ticket: Ticket, finding: Finding, bearing: Bearing) -> str:
    """A word of its subject that ticket and finding both say ("403", "defunct"), '' for none."""
    said = set(_TOPIC.findall(f"{finding.title} {finding.explanation}".lower()))
    return next(iter(sorted((said & bearing.topics & set(ticket.words)) - _COMMON - _NO_TOPIC)), "")


def _names(ticket: Ticket, finding: Finding, unit: str) -> frozenset[str]:
    """The ticket's units and processes that the finding is about, or that wrote its lines."""
    writers = {stem_of(part) for cited in finding.cited for part in speaker(cited.text).split("/") if part}
    stems = (stems_of(finding) | writers) - _SPEAKS_FOR_ALL
    subjects = (*ticket.subjects.units, *ticket.subjects.processes)
    found = {stem_of(name) for name in subjects if any(same_program(stem_of(name), stem) for stem in stems)}
    return frozenset(found | ({stem_of(unit)} if unit else set()))


def _says_little(ticket: Ticket, spoken: Mapping[str, str]) -> bool:
    """Whether the ticket gives nothing to compare with ("web-01 is broken, see the log"): what was posted is then what it says."""
    telling = [word for word in spoken if not _HOST.fullmatch(word)]
    return len(telling) < _FEW and not any(ticket.subjects.model_dump().values())


def _same_subject(ticket: Ticket, finding: Finding) -> str:
    """The name in the ticket that the finding is about, '' when there is none."""
    stems = stems_of(finding)
    subjects = ticket.subjects
    for name in (*subjects.units, *subjects.processes):
        if any(same_program(stem_of(name), stem) for stem in stems):
            return name
    for port in subjects.ports:
        if re.search(rf"(?<!\d){port}(?!\d)", finding.subject):
            return f"port {port}"
    for name in (*subjects.mounts, *subjects.addresses, *ticket.paths):
        if name == finding.subject or (len(finding.subject) > 1 and name.startswith(f"{finding.subject}/")):
            return name
    return ""


def _words(finding: Finding) -> set[str]:
    said = [_message(cited.text) for cited in finding.cited]
    text = " ".join([finding.title, finding.subject, finding.category, *said])
    return {stem_of(word) for word in _NAME.findall(text.lower())} - _COMMON


def _message(line: str) -> str:
    """A log line without time and host name, which stand in every line and would tie it to any ticket."""
    found = _LOGGED.match(line)
    return f"{found['ident']} {found['message']}" if found else line


def _ticket_words(ticket: Ticket) -> dict[str, str]:
    """The ticket's telling words by their stem, without its own host's name."""
    words = ticket.words or tuple(_NAME.findall(ticket.text.lower()))
    own = {part for host in ticket.hosts for part in _NAME.findall(host.lower())} | set(ticket.hosts)
    stems = {
        stem_of(word): word for word in words if len(word) > 2 and word not in own and word not in _COMMON
    }
    return {stem: word for stem, word in stems.items() if stem not in _COMMON}
