"""The engine without a language model: findings, their chains and their nearness to the ticket become an `Answer`.

Counterpart of `tai.llm.vllm` behind the same seam. It needs no network, no GPU and no model; it says what known
signatures show, and no more: without one that can be a cause and touches the ticket it answers `inconclusive`, with
the lines most worth a look. A wrong cause said firmly is worse than none. The same question gives the same bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.llm.base import Delta, Question, Said
from tai.llm.certificates import opening, unopened
from tai.llm.choosing import beside, chain_of, choose, deeper, graver, only_one, serious, unexplained
from tai.llm.correlate import Weighed, weigh
from tai.llm.leads import Lead, form_of, leads
from tai.llm.ruled_out import ruled_out
from tai.model import OTHER_OPTIONS, Bearing, Citation, Finding, Observation, Outcome
from tai.parsers.speaker import message_of
from tai.parsers.timestamps import stamp_of

NOTE: Final = "No language model was used: this answer comes from tai's own fault signatures and rules."
_PAST: Final = "It lies far from the time that the ticket is about (or from the newest lines), and is over or another story."
# A look that failed and would have told most: without these a host is not called healthy.
_VITAL: Final = frozenset({"df", "journalctl", "systemctl", "dmesg"})
_KERNEL_LOGS: Final = frozenset({"/var/log/messages", "/var/log/syslog", "/var/log/kern.log"})
# They print what is in a file; that a log file is there, as `ls` tells, says nothing of what is in it.
_READERS: Final = frozenset({"tail", "head", "cat", "grep", "zcat", "zgrep"})
_SENTENCE, _LINE, _AT = 400, 600, 40
_HALF, _MESSAGE = 165, 160


class DeterministicEngine:
    """symptoms: ids of signatures that never stand as a cause by themselves; bearings: what each is about (`Catalog` has both)."""

    def __init__(self, symptoms: AbstractSet[str], bearings: Mapping[str, Bearing]) -> None:
        self._symptoms = symptoms
        self._bearings = bearings

    @property
    def name(self) -> str:
        """`deterministic`, shown with each of its diagnoses."""
        return "deterministic"

    @property
    def model(self) -> str:
        """There is none."""
        return ""

    async def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
        """One `Said` and nothing before it; never fails."""
        yield Said(answer=answer(question, self._symptoms, self._bearings), notes=(NOTE,))

    async def close(self) -> None:
        """Nothing is open."""


def answer(question: Question, symptoms: AbstractSet[str], bearings: Mapping[str, Bearing]) -> Answer:
    """The answer that rules can give. Pure."""
    weighed = weigh(question.ticket, question.observations, question.findings, symptoms, bearings)
    # What the person on call has ruled out stays in view, and is not named as the cause again.
    out = [one for one in weighed if ruled_out(one.finding, question.pinned) is not None]
    for one in out:
        one.cause = False
    telling = [one for one in weighed if one.finding.severity != "info"]
    able = [one for one in weighed if one.cause and not deeper(one)]
    causes = graver([one for one in able if serious(one)]) or only_one(able)
    chosen = choose(causes)
    shown = unexplained(question, [one for one in weighed if one not in out], chosen)
    if shown is not None:
        chosen, causes = shown, [shown, *causes]
    details = [one for one in weighed if one.finding.severity == "info" and one is not chosen]
    if chosen is not None:
        return _root_cause(question, chosen, [one for one in causes if one is not chosen], telling, details)
    suspects = leads(question.ticket, question.observations, 12)
    if not telling and _looked_well(question) and not _touching(suspects):
        return _healthy(question, details)
    return _inconclusive(question, causes, telling, _unknown(suspects, question.findings)[:6])


def _looked_well(question: Question) -> bool:
    """Whether the host itself was looked at, and no look failed that tells most or is about what the ticket names."""
    looks = [seen for seen in question.observations if seen.argv]
    answered = [seen for seen in looks if seen.outcome.answered]
    # What could not be read as what it should be is no sign of health either: a host may answer everything with nonsense.
    unread = [seen for seen in looks if seen.outcome is Outcome.UNPARSED]
    instead = {seen.probe for seen in answered if seen.probe}  # another form of the same probe told it
    failed = [seen for seen in looks if not seen.outcome.answered and not _absent(seen)]
    blind = [seen for seen in failed if not (OTHER_OPTIONS in seen.reason and seen.probe in instead)]
    blind = [seen for seen in blind if not _in_syslog(seen, answered)] + unread
    subjects = question.ticket.subjects
    names = (*subjects.units, *subjects.processes, *subjects.mounts)
    return not _unlooked(answered) and not any(
        seen.argv[0] in _VITAL or any(name in seen.source for name in names) for seen in blind
    )


def _unlooked(answered: Sequence[Observation]) -> list[str]:
    """Where a fault would show and nobody looked; a host is not called healthy by its disks alone."""
    programs = {seen.argv[0] for seen in answered}
    read = [seen for seen in answered if seen.argv[0] in _READERS]
    logs = any(word.startswith("/var/log/") for seen in read for word in seen.argv[1:])
    looked = {
        "a log": logs or bool(programs & {"journalctl", "dmesg", "logread"}),
        "units or processes": bool(programs & {"systemctl", "rc-status", "ps", "top"}),
        "the room on its disks": "df" in programs,
    }
    return [what for what, was in looked.items() if not was]


def _in_syslog(seen: Observation, answered: Iterable[Observation]) -> bool:
    """The kernel's own buffer is closed to most users, and to root in a container; what it says is in the syslog too."""
    return (
        seen.argv[0] == "dmesg"
        and seen.outcome is Outcome.NO_PERMISSION
        and any(_KERNEL_LOGS.intersection(other.argv) and other.text for other in answered)
    )


def _absent(seen: Observation) -> bool:
    """A file or a tool that is not there is an answer of its own kind, not a look that failed."""
    return seen.outcome is Outcome.MISSING_TOOL or "No such file" in seen.reason


def _unknown(suspects: Sequence[Lead], findings: Iterable[Finding]) -> list[Lead]:
    """Those that are of no form that a finding cites."""
    cited = {form_of(each.text) for finding in findings for each in finding.cited}
    return [lead for lead in suspects if form_of(lead.text) not in cited]


def _touching(suspects: Iterable[Lead]) -> bool:
    """A bad line, by its own program's word too, that names what the ticket names: nobody should call that healthy."""
    return any(lead.weight >= 6.0 and not lead.mild for lead in suspects)


def _root_cause(
    question: Question,
    chosen: Weighed,
    rivals: Sequence[Weighed],
    telling: Sequence[Weighed],
    details: Sequence[Weighed],
) -> Answer:
    finding = chosen.finding
    chain = chain_of(chosen)
    same = [one for one in rivals if one.finding.signature == finding.signature]
    other = [one for one in rivals if one.finding.signature != finding.signature]
    facts = [
        one for one in details if one.finding.category == finding.category and _below(one.finding, finding)
    ]
    evidence = [chosen, *same, *facts, *chain]
    cause = finding.explanation + _proof(finding)
    twin = next((one for one in other if beside(question, chosen, one)), None)
    if twin is not None:
        evidence.append(twin)
        cause = f"Two faults show, and neither follows from the other. {_cut(finding.explanation, _HALF)} {_cut(twin.finding.explanation, _HALF)}"
    if same:
        cause += f" The same holds for {_names(one.finding.subject for one in same)}."
    if facts:
        cause += " " + " ".join(one.finding.explanation for one in facts[:3])
    if chain:
        cause += f" It explains: {'; '.join(_told(chain))}."
    rest = [one for one in telling if one not in evidence]
    return Answer(
        observations=_claims(rest)[:8],
        timeline=_timeline(question, [one.finding for one in (*evidence, *rest)]),
        hypotheses=tuple(_hypothesis(one) for one in (chosen, *other, *_past(rest)))[:4],
        outcome="root_cause",
        cause=_cut(cause, _SENTENCE),
        evidence=_claims(evidence)[:8],
        missing=_missing(question.observations),
        actions=_actions([chosen, *chain]),
        next_checks=_checks(question, [chosen, *chain, *other]),
    )


def _proof(finding: Finding) -> str:
    """The message of the line that proves it, in the host's own words, unless the explanation says them already."""
    message = message_of(finding.cited[0].text)[:_MESSAGE]
    if len(finding.explanation) + len(message) > _SENTENCE or message[:40] in finding.explanation:
        return ""
    stop = "" if finding.explanation.endswith((".", "!", "?", ")", '"')) else "."
    return f"{stop} The line: {message}"


def _told(chain: Sequence[Weighed]) -> list[str]:
    """The telling few of what follows: each subject once, units before programs, as that is what people call them."""
    once = {one.finding.subject or one.finding.signature: one.finding for one in reversed(chain)}
    ordered = sorted(once.values(), key=lambda finding: not finding.subject.endswith(".service"))
    return [_titled(finding) for finding in ordered[:4]]


def _below(detail: Finding, cause: Finding) -> bool:
    """Whether a file or directory lies on what the cause is about; for a cause without a path, any does."""
    place = cause.subject.rstrip("/")
    return not cause.subject.startswith("/") or detail.subject.startswith(f"{place}/")


def _healthy(question: Question, details: Sequence[Weighed]) -> Answer:
    looks = [seen for seen in question.observations if seen.argv and seen.outcome.answered]
    programs = _names(dict.fromkeys(seen.argv[0] for seen in looks))
    closed = unopened(question.ticket, question.observations)
    unseen = f"Not looked at: {closed[0]}, which the configuration names as a certificate. " if closed else ""
    return Answer(
        observations=_claims(details)[:8],
        outcome="healthy",
        cause=_cut(
            f"{unseen}No known fault shows in {len(looks)} looks at the host ({programs}). "
            "What the ticket describes may have passed, or lie elsewhere.",
            _SENTENCE,
        ),
        missing=_missing(question.observations),
        next_checks=tuple(opening(path) for path in closed[:2]),
    )


def _inconclusive(
    question: Question, causes: Sequence[Weighed], telling: Sequence[Weighed], suspects: Sequence[Lead]
) -> Answer:
    candidates = causes or [one for one in telling if not one.explained_by]
    if candidates:
        named = "; ".join(_titled(one.finding) for one in candidates[:3])
        said = f"The evidence does not show one cause. What was found: {named}."
    elif suspects:
        said = "No known fault signature fits. The lines most worth a look are listed as leads."
    else:
        said = "Nothing in the evidence points at a cause."
        looks = [seen for seen in question.observations if seen.argv and seen.outcome.answered]
        if looks and (unlooked := _unlooked(looks)):
            said += f" Nor can the host be called healthy: nobody looked at {', '.join(unlooked)}."
    found = _claims(telling)
    return Answer(
        observations=(*found, *(_lead_claim(lead) for lead in suspects))[:8],
        timeline=_timeline(question, [one.finding for one in telling]),
        hypotheses=tuple(_hypothesis(one) for one in dict.fromkeys((*causes, *_past(telling))))[:4],
        outcome="inconclusive",
        cause=_cut(said, _SENTENCE),
        missing=_missing(question.observations),
        actions=_actions(candidates[:2]),
        next_checks=_checks(question, candidates),
    )


def _past(weighed: Iterable[Weighed]) -> list[Weighed]:
    """Faults that could be causes, were they not long over: told with the reason why they are not."""
    return [one for one in weighed if one.old and one.cause]


def _claims(weighed: Iterable[Weighed]) -> tuple[SaidClaim, ...]:
    return tuple(
        SaidClaim(
            text=_cut(one.finding.explanation, _SENTENCE),
            quotes=tuple(_quote(cited) for cited in one.finding.cited[:4]),
        )
        for one in weighed
    )


def _lead_claim(lead: Lead) -> SaidClaim:
    times = f", {lead.times} lines of this form" if lead.times > 1 else ""
    quote = SaidQuote(evidence=lead.observation, line=lead.line, text=lead.text[:_LINE])
    return SaidClaim(text=f"A suspicious line that no signature knows{times}.", quotes=(quote,))


def _quote(cited: Citation) -> SaidQuote:
    return SaidQuote(evidence=cited.observation, line=cited.line, text=cited.text[:_LINE])


def _hypothesis(one: Weighed) -> SaidHypothesis:
    quotes = tuple(_quote(cited) for cited in one.finding.cited[:1])
    refuting = (SaidClaim(text=_PAST, quotes=quotes),) if one.old else ()
    return SaidHypothesis(
        cause=_cut(f"{_titled(one.finding)}{_why(one)}", _SENTENCE),
        supporting=_claims([one]),
        refuting=refuting,
    )


def _why(one: Weighed) -> str:
    return f" ({'; '.join(one.reasons)})" if one.reasons else " (nothing in the ticket points at it)"


def _titled(finding: Finding) -> str:
    return f"{finding.title}: {finding.subject}" if finding.subject else finding.title


def _timeline(question: Question, findings: Iterable[Finding]) -> tuple[SaidMoment, ...]:
    """Cited lines that tell their time, in order; lines that only tell seconds since boot come after, in theirs."""
    window = question.ticket.window
    edge = window.since or window.until
    moments: list[tuple[tuple[int, float, int], SaidMoment]] = []
    for finding in findings:
        for cited in finding.cited:
            stamp = stamp_of(cited.text, year=edge.year if edge else _NO_YEAR)
            if stamp is None:
                continue
            place = (0, _seconds(stamp.at)) if stamp.at else (1, stamp.since_boot or 0.0)
            text = _cut(_titled(finding), _SENTENCE)
            moment = SaidMoment(at=stamp.text[:_AT], text=text, quote=_quote(cited))
            moments.append(((*place, len(moments)), moment))
    unique = {(moment.at, moment.text): moment for _, moment in sorted(moments, key=lambda pair: pair[0])}
    return tuple(unique.values())[:12]


# For lines without a year in a ticket without a window, only their order counts; a leap year knows every date.
_NO_YEAR: Final = 2024


def _seconds(at: datetime) -> float:
    """For ordering: a time without a zone counts as UTC, so that it can be compared at all."""
    return (at.replace(tzinfo=None) - datetime(1970, 1, 1) - (at.utcoffset() or at - at)).total_seconds()


def _missing(observations: Sequence[Observation]) -> tuple[str, ...]:
    """What could not be seen, the looks that tell most first. A tool that a host does not have leaves no gap."""
    gaps = [
        seen
        for seen in observations
        if not seen.outcome.answered and seen.outcome is not Outcome.MISSING_TOOL
    ]
    cut = [seen for seen in observations if seen.truncated]
    ordered = sorted(gaps, key=lambda seen: not (seen.argv and seen.argv[0] in _VITAL))
    said = [
        f"{seen.id} {seen.source}: {seen.outcome.value.replace('_', ' ')}{_because(seen)}" for seen in ordered
    ]
    said += [f"{seen.id} {seen.source}: cut at the byte limit" for seen in cut]
    return tuple(_cut(text, _SENTENCE) for text in said[:8])


def _because(seen: Observation) -> str:
    return f" ({seen.reason})" if seen.reason else ""


def _actions(weighed: Iterable[Weighed]) -> tuple[str, ...]:
    said = dict.fromkeys(action for one in weighed for action in one.finding.actions)
    return tuple(_cut(action, _SENTENCE) for action in list(said)[:8])


def _checks(question: Question, weighed: Iterable[Weighed]) -> tuple[SaidCheck, ...]:
    """Proposed commands that have not been run yet, those of the likeliest finding first."""
    done = {seen.argv for seen in question.observations if seen.outcome.answered}
    said: dict[tuple[str, ...], SaidCheck] = {}
    for one in weighed:
        for argv in one.finding.checks:
            if argv in done or len(argv) > 24 or any(len(word) > 160 for word in argv):
                continue
            said.setdefault(
                argv, SaidCheck(argv=argv, why=_cut(f"To look closer at: {_titled(one.finding)}", _SENTENCE))
            )
    return tuple(said.values())[:5]


def _names(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name)


def _cut(text: str, longest: int) -> str:
    """Text within the bound, cut at the end of a sentence where one is near, else at a word, with a mark."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    stop = head.rfind(". ") + 1
    if stop > longest * 2 // 3:
        return head[:stop]
    return head[: head.rfind(" ") if " " in head else len(head)] + "…"
