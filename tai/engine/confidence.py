"""How sure a diagnosis may be, computed from checked evidence. A number that a model gave is never looked at.

The weights are stated here in full; `make bench-calibration` is what they answer to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tai.engine.agreement import Agreement
from tai.engine.relation import Relation
from tai.model import Claim, Confidence, DiagnosisOutcome, Finding, Hypothesis, Observation, Outcome

_HIGH, _MEDIUM = 0.75, 0.5
_BELOW_HIGH = _HIGH - 0.01
_UNANIMOUS, _DISCORD = 0.08, 0.5
_NAMED, _SPOKEN = 0.08, 0.05
_UNTIED, _UNTIED_GRAVE, _VAGUE = 0.5, 0.5, 0.12
# So many looks, at least, before "nothing is wrong" can be sure.
_ENOUGH = 8
# Gaps that are the host's answer rather than a hole: a tool that is not installed has nothing to say there.
_GAPS = frozenset(
    {Outcome.TIMEOUT, Outcome.NO_PERMISSION, Outcome.FAILED, Outcome.DISCONNECTED, Outcome.INTERRUPTED}
)


def confidence(
    outcome: DiagnosisOutcome,
    *,
    verified: Sequence[Claim],
    unverified: Sequence[Claim],
    hypotheses: Sequence[Hypothesis],
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    loose: int = 0,
    agreement: Agreement | None = None,
    against: str = "",
    tie: Relation | None = None,
    shallow: bool = False,
    complaint: str = "",
    unopened: str = "",
) -> Confidence:
    """Level, score from 0 to 1, and the reasons in words, strongest first.

    loose: statements beside the claims (timeline, hypotheses) that quote what does not exist. agreement: of several answers
    to the question. against: what the person on call has stated that rules the cause out, '' for nothing.
    tie: how the quoted lines meet the ticket; None when there was none to compare with. shallow: what stands for the cause is
    itself what something else does, a refused connection for one. complaint: what the ticket complains of, which "healthy" leaves open;
    unopened: a file that could tell why, and that nobody looked at.
    """
    gaps = [seen for seen in observations if seen.outcome in _GAPS]
    holes = min(0.3, 0.3 * len(gaps) / len(observations)) if observations else 0.3
    match outcome:
        case "root_cause":
            score, reasons = _of_cause(verified, findings, tie)
        case "healthy":
            score, reasons = _of_health(observations, findings)
        case "inconclusive":
            score, reasons = 0.2, ["the evidence does not show the cause"]
    if unverified:
        score -= 0.15 * min(len(unverified), 3)
        reasons.append(f"{_count(len(unverified), 'claim')} could not be verified")
    rivals = [
        h
        for h in hypotheses[1:]
        if any(c.verified for c in h.supporting) and not any(c.verified for c in h.refuting)
    ]
    if rivals and outcome == "root_cause":
        score -= 0.1 * min(len(rivals), 2)
        reasons.append(f"{_count(len(rivals), 'other explanation')} not ruled out")
    if gaps:
        # "Nothing is wrong" leans on every look; "this is wrong" leans on the looks that show it.
        score -= max(holes, 0.1 * min(len(gaps), 4)) if outcome == "healthy" else holes
        reasons.append(f"{len(gaps)} of {len(observations)} looks at the host gave no answer")
    if loose:
        score -= 0.05 * min(loose, 3)
        reasons.append(f"{_count(loose, 'statement')} in timeline or hypotheses could not be verified")
    if agreement is not None and agreement.usable > 1:
        # All alike says a little, since a model can be wrong the same way each time; discord says much.
        score += _UNANIMOUS if agreement.share == 1 else -_DISCORD * (1 - agreement.share)
        what = "name the same cause" if outcome == "root_cause" else "come to the same outcome"
        reasons.append(f"{agreement.agreeing} of {agreement.usable} sampled answers {what}")
    if shallow and outcome == "root_cause":
        score = min(score, _BELOW_HIGH)
        reasons.append("it shows what fails, and not why")
    if complaint and outcome == "healthy":
        score = min(score, _BELOW_HIGH)
        reasons.append(f"what the ticket complains of ({complaint}) was not seen, nor why it is gone")
    if unopened and outcome == "healthy":
        score = min(score, _MEDIUM - 0.01)
        reasons.append(f"{unopened}, which the configuration names, was not looked at")
    if against:
        score = min(score - 0.3, _MEDIUM - 0.01)
        reasons.append(f"it is at odds with what you said: {against}")
    score = round(min(max(score, 0.05), 0.95), 2)
    return Confidence(level=_level(score), score=score, reasons=tuple(reasons))


def _level(score: float) -> Literal["high", "medium", "low"]:
    if score >= _HIGH:
        return "high"
    return "medium" if score >= _MEDIUM else "low"


def _of_cause(
    verified: Sequence[Claim], findings: Sequence[Finding], tie: Relation | None
) -> tuple[float, list[str]]:
    lines = {quote.ref for claim in verified for quote in claim.quotes}
    sources = {quote.observation for claim in verified for quote in claim.quotes}
    score = 0.4 + 0.08 * min(len(lines), 3)
    reasons = [f"{_count(len(lines), 'quoted line')} found in the host's output"]
    corrected = sum(quote.status == "corrected" for claim in verified for quote in claim.quotes)
    if corrected:
        score -= 0.03 * min(corrected, 3)
        reasons.append(f"{_count(corrected, 'quote')} had to be corrected")
    if len(sources) > 1:
        score += 0.15
        reasons.append(f"{len(sources)} independent looks at the host agree")
    agreeing = [f for f in findings if f.severity != "info" and lines & {cited.ref for cited in f.cited}]
    if agreeing:
        score += 0.2
        first = verified[0].quotes[0].ref if verified and verified[0].quotes else ""
        best = next((f for f in agreeing if first in {cited.ref for cited in f.cited}), agreeing[0])
        reasons.append(f"a known fault pattern fits: {best.title}")
    if tie is not None:
        # A fault as grave as this breaks what nobody named; any other that the ticket does not touch is another story.
        grave = any(finding.severity == "critical" for finding in agreeing)
        score, reason = _tied(score, tie, grave=grave)
        reasons.append(reason)
    return score, reasons


def _tied(score: float, tie: Relation, *, grave: bool) -> tuple[float, str]:
    if tie.names:
        return score + _NAMED, f"the lines are about what the ticket names: {', '.join(tie.names[:3])}"
    if tie.words:
        gain = _SPOKEN if len(tie.words) > 1 else 0.0  # a single word in common can be chance
        return score + gain, f"the lines share words with the ticket: {', '.join(tie.words[:3])}"
    if tie.in_time:
        return score, "the lines fall in the ticket's time"
    if tie.vague:
        return score - _VAGUE, "the ticket says too little to tell whether the lines belong to it"
    reason = "nothing in the lines touches what the ticket speaks of"
    if grave:
        return min(score - _UNTIED / 2, _UNTIED_GRAVE), reason
    return min(score - _UNTIED, _MEDIUM - 0.01), reason


def _of_health(observations: Sequence[Observation], findings: Sequence[Finding]) -> tuple[float, list[str]]:
    answered = [seen for seen in observations if seen.outcome.answered]
    loud = [finding for finding in findings if finding.severity in ("medium", "high", "critical")]
    score = 0.85 * min(len(answered), _ENOUGH) / _ENOUGH - 0.2 * min(len(loud), 3)
    reasons = [f"{_count(len(answered), 'look')} at the host showed nothing wrong"]
    if loud:
        reasons.append(f"{_count(len(loud), 'finding')} speak against it")
    return score, reasons


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
