"""Which findings belong together, and which of them the ticket is about. Pure; the order of its results is stable.

Not the answer: `tai.llm.deterministic` writes that. Here findings get a weight, and explanations become chains: a unit
failed because its program could not write, because the disk is full, so the disk is the root of the three.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Final

from tai.llm.complaints import can_be_meant, complained_of, could_do_it
from tai.llm.own_words import jobs, said_by, voices
from tai.llm.peers import is_elsewhere, own_addresses
from tai.model import Bearing, Finding, Observation, Ticket, Window
from tai.parsers.speaker import speaker
from tai.parsers.timestamps import Stamp, stamp_of

_SEVERITY: Final = {"critical": 4.0, "high": 3.0, "medium": 2.0, "low": 1.0, "info": 0.0}
# As bad as this, a fault breaks what nobody named.
_STANDS_ALONE: Final = frozenset({"critical"})
# A name that the ticket gives is a strong sign, a word in common a weak one.
_SAME_SUBJECT: Final = 4.0
_SAME_WORD: Final = 1.0
_MOST_WORDS: Final = 3
_POSTED: Final = 3.0
_IN_WINDOW: Final = 2.0
_LONG_BEFORE: Final = -4.0
_EXPLAINS: Final = 1.0

# What precedes the complaint by this much may still cause it; what lies a day off is another story.
_LEAD: Final = timedelta(hours=1)
_FAR: Final = timedelta(hours=24)
# How far back a ticket without a time may mean.
_RECENT: Final = timedelta(hours=24)
# Only lines that print their year are compared without a window.
_ANY_YEAR: Final = 2024
# Another one, to tell whether a line prints its own; both know the 29th of February.
_OTHER_YEAR: Final = 2020
# A time without a zone may be off by the widest zone there is.
_ZONES: Final = timedelta(hours=14)
# People paste what they think belongs together, over some days; what lies further back in it is another story.
_POSTED_FAR: Final = timedelta(days=3)
# What a cause may be later than its effect and still be it: two programs notice at different times.
_NOTICED_LATER: Final = timedelta(minutes=2)
_ENDS: Final = 5
# Letters of a program's name, from which on a longer name that begins with it is a program of the same make.
_TELLING_STEM: Final = 5
# Telling words, below which a ticket says next to nothing.
_FEW: Final = 3

# In these a finding without a name, or about a path, is a program's own affair, not the host's.
_OWN: Final = frozenset(
    {"service-failure", "containers", "database", "mail", "web", "auth", "packages", "cron"}
)
# Of these there is one for all programs, so two findings about them meet whatever names they give.
_SHARED: Final = frozenset({"memory", "disk", "hardware"})
_DEVICE = re.compile(r"(?:sd|vd|xvd|hd|nvme|mmcblk|md|dm-|ata|loop|zd)[\w.:-]*|[\d:]+")

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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the looks tell of the findings' programs.

    single: observations that are about one thing, a unit's own journal for one, with their command lines: what stands in
    them belongs together, and to the unit that the command names. voices: by a finding's signature and subject, the units
    that tell it themselves; jobs: units that run to their end; addresses: this host's own, empty when nobody looked.
    """

    single: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    voices: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    jobs: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def voices_of(self, finding: Finding) -> frozenset[str]:
        """The units that tell themselves what the finding says."""
        return self.voices.get((finding.signature, finding.subject), frozenset())


def surroundings(observations: Sequence[Observation], findings: Sequence[Finding]) -> Surroundings:
    """Read off the looks."""
    return Surroundings(
        single={
            seen.id: seen.argv for seen in observations if not seen.argv or {"-u", "status"} & set(seen.argv)
        },
        voices={(finding.signature, finding.subject): voices(finding, observations) for finding in findings},
        jobs=jobs(observations),
        addresses=own_addresses(observations),
    )


def weigh(
    ticket: Ticket,
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    symptoms: AbstractSet[str],
    bearings: Mapping[str, Bearing],
) -> list[Weighed]:
    """Every finding, weighed, likeliest first. symptoms: signatures that are never a cause by themselves; bearings: by signature."""
    posted = {seen.id: seen for seen in observations if not seen.argv}
    window = ticket.window or _newest(observations, alone=all(not seen.argv for seen in observations))
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
        above
        for above in effect.explained_by
        if above.cause and _bound(above.finding, effect.finding, around)
    ]
    for above in [each for each in effect.explained_by if each not in own]:
        if (
            own
            and not any(_reaches(above, each) for each in own)
            and not _bound(above.finding, effect.finding, around)
        ):
            effect.explained_by.remove(above)
            above.explains.remove(effect)


def explains(cause: Finding, effect: Finding, around: Surroundings | None = None) -> bool:
    """Whether the catalog says that the one explains the other, and both can be about the same thing."""
    around = around or Surroundings()
    if cause.signature not in effect.explained_by or _later(cause, effect):
        return False
    if not _host_wide(cause) and effect.category == "network" and not _can_refuse(cause, effect, around):
        return False
    if (
        _host_wide(cause)
        or _host_wide(effect)
        or (cause.category == effect.category and cause.category in _SHARED)
    ):
        return True
    return _bound(cause, effect, around)


def _can_refuse(cause: Finding, effect: Finding, around: Surroundings) -> bool:
    """Whether what one program of this host went through can be why a connection does not come about.

    Not when the peer is another host, and not when that program is a job, which nobody connects to.
    """
    if any(is_elsewhere(cited.text, around.addresses) for cited in effect.cited):
        return False
    writers = {_stem(speaker(cited.text)) for cited in cause.cited}
    told = {_stem(unit) for unit in around.voices_of(cause)} | _stems(cause)
    # A server that tells of a client's failure has none itself; who tells of its own is all there is.
    suffered = {name for name in told if not any(_same_program(name, writer) for writer in writers)} or told
    served = suffered - {_stem(job) for job in around.jobs}
    return not (suffered - served) or bool(served & {_stem(unit) for unit in around.voices_of(cause)})


def _bound(cause: Finding, effect: Finding, around: Surroundings) -> bool:
    """Whether the two are about one thing: by their names, by what their lines name, by the unit that tells both, or because
    all around them is."""
    if _same_program(_stem(cause.subject), _stem(effect.subject)) or _mentions(cause, effect):
        return True
    about = {_stem(unit) for unit in around.voices_of(effect)} | _stems(effect)
    if any(_stem(unit) in about for unit in around.voices_of(cause)):
        return True
    alone = {cited.observation for cited in cause.cited} & around.single.keys()
    return any(
        effect.subject in around.single[name] or any(cited.observation == name for cited in effect.cited)
        for name in alone
    )


def _later(cause: Finding, effect: Finding) -> bool:
    """Whether the first sign of the one comes after the last of the other, by times of one kind; False when either tells none."""
    year = _year_of([cited.text for cited in (*cause.cited, *effect.cited)])
    for kind in (True, False):
        first = [
            at for cited in cause.cited if (at := _moment(cited.text, year, since_boot=kind)) is not None
        ]
        last = [
            at for cited in effect.cited if (at := _moment(cited.text, year, since_boot=kind)) is not None
        ]
        if first and last:
            return min(first) > max(last) + _NOTICED_LATER.total_seconds()
    return False


def _year_of(lines: Sequence[str]) -> int:
    """The year that some of the lines print, for those that print none: the one program's log does, the other's does not."""
    printed = [
        stamp.at.year
        for line in lines
        if (stamp := stamp_of(line, year=_ANY_YEAR)) is not None
        and (again := stamp_of(line, year=_OTHER_YEAR)) is not None
        and stamp.at is not None
        and stamp.at == again.at
    ]
    return max(printed, default=_ANY_YEAR)


def _moment(line: str, year: int, *, since_boot: bool) -> float | None:
    """The line's time, as seconds: since boot, or since some point that is the same for all; a time without a zone is taken as UTC."""
    stamp = stamp_of(line, year=year)
    if stamp is None or (stamp.at is None) is not since_boot:
        return None
    if stamp.at is None:
        return stamp.since_boot
    return (stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)).timestamp()


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
            why = can_be_meant(ticket, bearing, given, words=said, host_wide=_of_host(finding), grave=grave)
            reasons += [why] if why else []
    if given is None and not reasons and (topic := _topic(ticket, finding, bearing)):
        reasons.append(f"the ticket says {topic}")
    related = bool(reasons)
    near = _nearness(window, finding)
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
        and (given is None or (_of_host(finding) and could_do_it(ticket, bearing))),
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
    return next(iter(sorted(said & bearing.topics & set(ticket.words))), "")


def _names(ticket: Ticket, finding: Finding, unit: str) -> frozenset[str]:
    """The ticket's units and processes that the finding is about, or that wrote its lines."""
    writers = {_stem(part) for cited in finding.cited for part in speaker(cited.text).split("/") if part}
    stems = (_stems(finding) | writers) - _SPEAKS_FOR_ALL
    subjects = (*ticket.subjects.units, *ticket.subjects.processes)
    found = {_stem(name) for name in subjects if any(_same_program(_stem(name), stem) for stem in stems)}
    return frozenset(found | ({_stem(unit)} if unit else set()))


def _says_little(ticket: Ticket, spoken: Mapping[str, str]) -> bool:
    """Whether the ticket gives nothing to compare with ("web-01 is broken, see the log"): what was posted is then what it says."""
    telling = [word for word in spoken if not _HOST.fullmatch(word)]
    return len(telling) < _FEW and not any(ticket.subjects.model_dump().values())


def _newest(observations: Sequence[Observation], *, alone: bool) -> Window:
    """A window round the newest line: without a time in the ticket, it is about now.

    alone: only what people posted is there. Its times count then, with or without a zone, and it may reach further back.
    """
    lines = [
        line
        for seen in observations
        if seen.text and bool(seen.argv) is not alone
        for line in (*seen.lines[:_ENDS], *seen.lines[-_ENDS:])
    ]
    stamps = [stamp for line in lines if (stamp := stamp_of(line, year=_ANY_YEAR)) is not None]
    times = [
        stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)
        for stamp in stamps
        if stamp.at is not None and (stamp.zoned or alone)
    ]
    return Window(since=max(times) - (_POSTED_FAR if alone else _RECENT)) if times else Window()


def _same_subject(ticket: Ticket, finding: Finding) -> str:
    """The name in the ticket that the finding is about, '' when there is none."""
    stems = _stems(finding)
    subjects = ticket.subjects
    for name in (*subjects.units, *subjects.processes):
        if any(_same_program(_stem(name), stem) for stem in stems):
            return name
    for port in subjects.ports:
        if re.search(rf"(?<!\d){port}(?!\d)", finding.subject):
            return f"port {port}"
    for name in (*subjects.mounts, *subjects.addresses, *ticket.paths):
        if name == finding.subject or (len(finding.subject) > 1 and name.startswith(f"{finding.subject}/")):
            return name
    return ""


def _stems(finding: Finding) -> set[str]:
    return {_stem(finding.subject)} - {""}


def _stem(name: str) -> str:
    """`postgresql@15-main.service` → `postgresql`; sshd and ssh, mysqld and mysql are the same program."""
    base = name.rpartition("/")[2].lower()
    base = re.sub(r"\.(?:service|socket|timer|mount|scope|slice|target)$", "", base).partition("@")[0]
    return base.removesuffix("d") if len(base) > 3 else base


def _same_program(one: str, other: str) -> bool:
    """postgres is postgresql, redis redis-server, and php-fpm php-fpm8.2; systemd has many that begin like it."""
    short, long = sorted((one, other), key=len)
    return bool(short) and (
        short == long or (len(short) >= _TELLING_STEM and short != "system" and long.startswith(short))
    )


def _host_wide(finding: Finding) -> bool:
    """About the host, a mount, a device, a port or the network, so that any program may suffer from it."""
    subject = finding.subject
    if subject.startswith("port ") or finding.category in {"network", "dns"}:
        return True
    if finding.category in _OWN:
        return False
    return not subject or subject.startswith("/") or _DEVICE.fullmatch(subject) is not None


def _of_host(finding: Finding) -> bool:
    """About the host and no program's own affair: a port that is taken harms only who wanted it."""
    if finding.category == "tls-time" and finding.subject:
        return False  # a certificate is a program's, the clock the host's
    return _host_wide(finding) and finding.category not in _OWN


def _mentions(cause: Finding, effect: Finding) -> bool:
    """Whether a line cited for the cause names what the effect is about."""
    return any(
        len(stem) > 2 and stem in cited.text.lower() for stem in _stems(effect) for cited in cause.cited
    )


def _words(finding: Finding) -> set[str]:
    said = [_message(cited.text) for cited in finding.cited]
    text = " ".join([finding.title, finding.subject, finding.category, *said])
    return {_stem(word) for word in _NAME.findall(text.lower())} - _COMMON


def _message(line: str) -> str:
    """A log line without time and host name, which stand in every line and would tie it to any ticket."""
    found = _LOGGED.match(line)
    return f"{found['ident']} {found['message']}" if found else line


def _ticket_words(ticket: Ticket) -> dict[str, str]:
    """The ticket's telling words by their stem, without its own host's name."""
    words = ticket.words or tuple(_NAME.findall(ticket.text.lower()))
    own = {part for host in ticket.hosts for part in _NAME.findall(host.lower())} | set(ticket.hosts)
    stems = {_stem(word): word for word in words if len(word) > 2 and word not in own and word not in _COMMON}
    return {stem: word for stem, word in stems.items() if stem not in _COMMON}


def _nearness(window: Window, finding: Finding) -> float:
    """How the finding's times lie to the ticket's window; 0 when either does not tell."""
    edge = window.since or window.until
    if edge is None:
        return 0.0
    stamps = [stamp for cited in finding.cited if (stamp := stamp_of(cited.text, year=edge.year))]
    distances = [distance for stamp in stamps if (distance := _distance(window, stamp)) is not None]
    if not distances:
        return 0.0
    if min(distances) == timedelta():
        return _IN_WINDOW
    return _LONG_BEFORE if min(distances) > _FAR else 0.0


def _distance(window: Window, stamp: Stamp) -> timedelta | None:
    """How far outside the window (and the hour before it) a time lies; none inside, None when it cannot be said.

    A time without a zone is taken to be in the window's, and the zones' width is allowed for before it counts as far.
    """
    if stamp.at is None:
        return None
    zone = (window.since or window.until or stamp.at).tzinfo
    at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=zone)
    off = timedelta()
    if window.since and at < window.since - _LEAD:
        off = window.since - _LEAD - at
    elif window.until and at > window.until:
        off = at - window.until
    return off if stamp.zoned or not off else max(off - _ZONES, timedelta(seconds=1))
