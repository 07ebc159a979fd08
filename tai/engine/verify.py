"""An engine's `Answer` → a `Diagnosis`: every quote is looked up in what the host really printed.

Not a judge of meaning: a true line can still be a poor proof, which is why confidence counts agreement and gaps. What
is certain is that no line is shown as evidence unless the host printed it, because what is shown is the host's line,
never the engine's words for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment
from tai.engine.actions import effect_of
from tai.engine.agreement import Agreement
from tai.engine.checks import Settle, by_policy
from tai.engine.confidence import confidence
from tai.engine.evidence import Evidence
from tai.engine.relation import relation
from tai.llm.certificates import unopened
from tai.llm.complaints import complained_of
from tai.llm.ruled_out import ruled_out
from tai.model import (
    Action,
    Claim,
    Diagnosis,
    Finding,
    Hypothesis,
    Moment,
    NextCheck,
    Observation,
    Pinned,
    Ticket,
)


def verify(
    answer: Answer,
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    *,
    engine: str,
    model: str = "",
    degraded: str = "",
    said: str = "",
    prompt_sha256: str = "",
    templates_sha256: str = "",
    settle: Settle = by_policy,
    agreement: Agreement | None = None,
    pinned: Sequence[Pinned] = (),
    ticket: Ticket | None = None,
    effects: AbstractSet[str] = frozenset(),
) -> Diagnosis:
    """Check every quote and build the diagnosis.

    A `root_cause` none of whose evidence could be verified becomes `inconclusive`. settle: decides on `next_checks`; what it
    does not offer is told in `dropped`. agreement: of several answers, when they were asked for. pinned: facts that the person
    on call has stated; a cause that they rule out costs confidence. ticket: so does a cause that it does not touch.
    effects: ids of signatures that show what fails and not why; alone they prove no cause for sure.
    """
    evidence = Evidence(observations)
    claims = [_claim(said_claim, evidence) for said_claim in (*answer.evidence, *answer.observations)]
    verified = _unique(claim for claim in claims if claim.verified)
    unverified = _unique(claim for claim in claims if not claim.verified)
    hypotheses = tuple(
        _hypothesis(rank, said, evidence) for rank, said in enumerate(answer.hypotheses, start=1)
    )
    supported = any(_claim(said_claim, evidence).verified for said_claim in answer.evidence)
    outcome = answer.outcome
    missing = list(answer.missing)
    if outcome == "root_cause" and not supported:
        outcome = "inconclusive"
        missing.insert(
            0, "a line of the host's output that shows the cause: the engine quoted none that exists"
        )
    timeline = tuple(_moment(moment, evidence) for moment in answer.timeline)
    checks, dropped = _next_checks(answer.next_checks, settle)
    return Diagnosis(
        outcome=outcome,
        cause=answer.cause,
        confidence=confidence(
            outcome,
            verified=verified,
            unverified=unverified,
            hypotheses=hypotheses,
            observations=observations,
            findings=findings,
            loose=_loose(hypotheses, timeline),
            agreement=agreement,
            against=_against(verified, findings, pinned) if outcome == "root_cause" else "",
            tie=relation(ticket, verified, observations, findings) if ticket else None,
            shallow=_shallow(answer, evidence, findings, effects),
            unopened=next(iter(unopened(ticket, observations)), "") if ticket else "",
            complaint=", ".join(sorted(complained_of(ticket.text))[:3]).replace("-", " ") if ticket else "",
        ),
        engine=engine,
        model=model,
        degraded=degraded,
        claims=verified,
        unverified=unverified,
        hypotheses=hypotheses,
        timeline=timeline,
        missing=tuple(missing),
        actions=tuple(Action(text=text, effect=effect_of(text)) for text in answer.actions),
        next_checks=checks,
        dropped=dropped,
        said=said,
        prompt_sha256=prompt_sha256,
        templates_sha256=templates_sha256,
    )


def _claim(said: SaidClaim, evidence: Evidence) -> Claim:
    quotes = tuple(found for quote in said.quotes for found in evidence.find_each(quote))
    return Claim(
        text=said.text, quotes=quotes, verified=bool(quotes) and all(q.status != "unverified" for q in quotes)
    )


def _hypothesis(rank: int, said: SaidHypothesis, evidence: Evidence) -> Hypothesis:
    return Hypothesis(
        rank=rank,
        cause=said.cause,
        supporting=tuple(_claim(claim, evidence) for claim in said.supporting),
        refuting=tuple(_claim(claim, evidence) for claim in said.refuting),
    )


def _moment(said: SaidMoment, evidence: Evidence) -> Moment:
    return Moment(at=said.at, text=said.text, quote=evidence.find(said.quote) if said.quote else None)


def _against(verified: Sequence[Claim], findings: Sequence[Finding], pinned: Sequence[Pinned]) -> str:
    """The stated fact that rules out every fault that the claims rest on; '' when there is none, or one is left."""
    lines = {quote.ref for claim in verified for quote in claim.quotes}
    named = [f for f in findings if f.severity != "info" and lines & {cited.ref for cited in f.cited}]
    facts = [ruled_out(finding, pinned) for finding in named]
    return next((fact.text for fact in facts if fact), "") if all(facts) else ""


def _shallow(
    answer: Answer, evidence: Evidence, findings: Sequence[Finding], effects: AbstractSet[str]
) -> bool:
    """Whether all known faults that the evidence rests on are effects; False when it rests on none."""
    claims = [claim for said in answer.evidence if (claim := _claim(said, evidence)).verified]
    lines = {quote.ref for claim in claims for quote in claim.quotes}
    named = [f for f in findings if f.severity != "info" and lines & {cited.ref for cited in f.cited}]
    return bool(named) and all(finding.signature in effects for finding in named)


def _loose(hypotheses: Iterable[Hypothesis], timeline: Iterable[Moment]) -> int:
    """Statements beside the evidence that quote what the host did not print."""
    weighed = [claim for each in hypotheses for claim in (*each.supporting, *each.refuting)]
    return sum(
        any(quote.status == "unverified" for quote in quotes)
        for quotes in (
            *(claim.quotes for claim in weighed),
            *((moment.quote,) for moment in timeline if moment.quote),
        )
    )


def _next_checks(
    proposed: Iterable[SaidCheck], settle: Settle
) -> tuple[tuple[NextCheck, ...], tuple[str, ...]]:
    """(those that are offered, each command once; why the others are not)."""
    checks: dict[tuple[str, ...], NextCheck] = {}
    dropped: list[str] = []
    for said in proposed:
        settled = settle(said)
        if isinstance(settled, str):
            dropped.append(settled)
        else:
            checks.setdefault(settled.argv, settled)
    return tuple(checks.values()), tuple(dropped)


def _unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The first of the claims that say the same on the same lines."""
    return tuple(
        {(claim.text, tuple(quote.ref for quote in claim.quotes)): claim for claim in claims}.values()
    )
