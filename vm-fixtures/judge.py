"""Compares what tai told with what was true. Pure: it starts no host and asks nothing.

A proving pattern goes through four steps: some line of the evidence matches it (collected), such a line is in a prompt of
4,000 tokens (kept), a finding cites one (recognised), the diagnosis quotes one (quoted). An incident that was not
answered rightly was lost at the first step where too little was left; when nothing was lost, the choice was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from incident import Incident

from tai.catalog import Catalog
from tai.engine.checks import probe_names
from tai.engine.condense import condense
from tai.engine.prompt import Templates, defang, render
from tai.events import (
    CommandSent,
    Diagnosed,
    FindingFound,
    HostConnected,
    HostConnecting,
    ObservationMade,
    Stamped,
    TicketParsed,
)
from tai.llm import tokens
from tai.model import Diagnosis, Finding, Observation, Ticket

BUDGET = 4000
# Half of the words that the incident's author thought telling name a cause; as in tests/bench/incidents.py.
_ENOUGH = 2
# After this tai lists what follows from the cause, which names no cause.
_CONSEQUENCES = " It explains: "


@dataclass(frozen=True, slots=True)
class Told:
    """One run of tai, as its events tell it. first_finding_s, total_s: from the start of connecting; None without any."""

    ticket: Ticket
    observations: Sequence[Observation]
    findings: Sequence[Finding]
    diagnosis: Diagnosis
    commands: int
    first_finding_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """patterns: how many prove the cause, and of how many a line was collected, kept at 4k, recognised and quoted.

    words: keywords said, of all. forbidden: words of wrong causes in the cause. graver: findings above info. lost: the step
    that lost it, '' when the answer is right. A cause is right when its sentence matches `named`, the answer says half of the
    keywords, and the sentence no forbidden word.
    """

    outcome: str
    outcome_right: bool
    cause_right: bool
    confidence: str
    patterns: int
    collected: int
    kept: int
    recognised: int
    quoted: int
    words: tuple[int, int]
    forbidden: tuple[str, ...]
    graver: tuple[str, ...]
    lost: str

    @property
    def right(self) -> bool:
        """Outcome and cause are."""
        return self.outcome_right and self.cause_right

    @property
    def misleads(self) -> bool:
        """A cause is named that is none: what nobody may be told, least of all with confidence."""
        return self.outcome == "root_cause" and not self.cause_right


def told(events: Iterable[Stamped]) -> Told:
    """What a run's events come to. Raises RuntimeError when there was no diagnosis."""
    ticket = Ticket(text="")
    diagnosis: Diagnosis | None = None
    seen: dict[str, Observation] = {}
    findings: dict[tuple[str, str], Finding] = {}
    commands = 0
    begun: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    for stamped in events:
        last = stamped.at
        match stamped.event:
            case TicketParsed() as parsed:
                ticket = parsed.ticket
            case HostConnecting() | HostConnected():
                begun = begun or stamped.at
            case CommandSent():
                commands += 1
            case ObservationMade() as made:
                seen[made.observation.id] = made.observation
            case FindingFound() as told_of:
                found = told_of.finding
                first = first or stamped.at
                findings[found.signature, found.subject] = found
            case Diagnosed() as said:
                diagnosis = said.diagnosis
            case _:
                pass
    if diagnosis is None or begun is None or last is None:
        raise RuntimeError("tai told no diagnosis")
    observations = sorted(seen.values(), key=lambda one: int(one.id[1:]))
    return Told(
        ticket,
        observations,
        list(findings.values()),
        diagnosis,
        commands,
        None if first is None else (first - begun).total_seconds(),
        (last - begun).total_seconds(),
    )


def prompt_of(run: Told, catalog: Catalog, templates: Templates) -> str:
    """What a model with room for 4,000 tokens of evidence would be asked."""
    condensed = condense(
        run.observations,
        run.findings,
        run.ticket.subjects,
        budget=BUDGET,
        count=tokens.count,
        words=run.ticket.words,
        window=run.ticket.window,
    )
    messages = render(
        templates,
        run.ticket,
        condensed,
        run.findings,
        nonce="judge",
        host="host",
        probes=probe_names(catalog),
    )
    return "\n".join(message.content for message in messages)


def judge(truth: Incident, run: Told, prompt: str) -> Judged:
    """The verdict on one run. prompt: of `prompt_of`."""
    diagnosis = run.diagnosis
    shown = [line for seen in run.observations for line in seen.lines]
    cited = [each.text for finding in run.findings for each in finding.cited]
    quotes = [quote.text for claim in diagnosis.claims for quote in claim.quotes]
    collected = kept = recognised = quoted = 0
    for pattern in truth.proving:
        lines = [line for line in shown if re.search(pattern, line)]
        collected += bool(lines)
        kept += any(defang(line).strip() in prompt for line in lines)
        recognised += any(re.search(pattern, line) for line in cited)
        quoted += any(re.search(pattern, line) for line in quotes)
    said = " ".join([diagnosis.cause, *(claim.text for claim in diagnosis.claims), *quotes]).lower()
    words = [word for word in truth.keywords if word.lower() in said]
    cause = diagnosis.cause.partition(_CONSEQUENCES)[0]
    forbidden = tuple(word for word in truth.forbidden if word.lower() in cause.lower())
    graver = tuple(sorted({finding.signature for finding in run.findings if finding.severity != "info"}))
    outcome_right = diagnosis.outcome == truth.outcome
    if truth.outcome == "root_cause":
        named = re.search(truth.named, cause) and len(words) * _ENOUGH >= len(truth.keywords)
        cause_right = diagnosis.outcome == "root_cause" and bool(named) and not forbidden
    else:
        cause_right = diagnosis.outcome != "root_cause" and not (truth.outcome == "healthy" and graver)
    lost = ""
    if not (outcome_right and cause_right):
        whole = len(truth.proving)
        if truth.outcome != "root_cause":
            lost = "false finding" if graver else "choice"
        elif collected < whole and not recognised:
            lost = "not collected"
        elif not recognised:
            lost = "not kept, not recognised" if kept < whole else "not recognised"
        else:
            lost = "choice"
    return Judged(
        diagnosis.outcome,
        outcome_right,
        cause_right,
        diagnosis.confidence.level,
        len(truth.proving),
        collected,
        kept,
        recognised,
        quoted,
        (len(words), len(truth.keywords)),
        forbidden,
        graver,
        lost,
    )


HEAD = (
    f"{'incident':28} {'category':15} {'as':5} {'lines':>5} {'had':>3} {'kept':>4} {'seen':>4} {'said':>4} {'outcome':13}"
    f" {'conf.':6} {'words':6} {'cause':6} {'first':>6} {'total':>6} {'sent':>4}  lost at"
)


def row(name: str, truth: Incident, user: str, run: Told, judged: Judged) -> str:
    """One line of the table; see HEAD."""
    first = "" if run.first_finding_s is None else f"{run.first_finding_s:.1f}"
    return (
        f"{name:28} {truth.category:15} {user:5} {judged.patterns:5} {judged.collected:3} {judged.kept:4}"
        f" {judged.recognised:4} {judged.quoted:4} {judged.outcome:13} {judged.confidence:6}"
        f" {'/'.join(map(str, judged.words)):6} {'right' if judged.right else 'WRONG':6} {first:>6} {run.total_s:6.1f}"
        f" {run.commands:4}  {judged.lost}{' ' + ', '.join(judged.forbidden) if judged.forbidden else ''}"
    ).rstrip()


def summary(all_judged: Sequence[Judged]) -> str:
    """What a table comes to: lines, answers, and answers that mislead."""

    def total(key: str) -> int:
        return sum(getattr(each, key) for each in all_judged)

    misled = [each for each in all_judged if each.misleads]
    return (
        f"proving lines: {total('patterns')}; collected {total('collected')}, kept at 4k {total('kept')}, "
        f"recognised {total('recognised')}, quoted {total('quoted')}\n"
        f"outcome right: {total('outcome_right')} of {len(all_judged)}; cause right: {total('right')}; "
        f"wrong cause named: {len(misled)}, of these with high confidence: "
        f"{sum(each.confidence == 'high' for each in misled)}"
    )
