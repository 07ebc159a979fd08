"""An engine's `Answer` → a `Diagnosis`: every quote is looked up in what the host really printed.

Not a judge of meaning: a true line can still be a poor proof, which is why confidence counts agreement and gaps. What
is certain is that no line is shown as evidence unless the host printed it, because what is shown is the host's line,
never the engine's words for it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from tai.answer import Answer, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.engine.actions import effect_of
from tai.engine.confidence import confidence
from tai.engine.prompt import defang
from tai.model import Action, Claim, Diagnosis, Finding, Hypothesis, Moment, NextCheck, Observation, Quote
from tai.policy import check

# A shorter fragment occurs by chance, so it proves nothing unless it is the whole line.
_LEAST_FRAGMENT = 12
# How alike a misquoted line must be to count as that line: one word in ten off, not a paraphrase.
_NEAR = 0.92
_LABEL = re.compile(r"^\s*E\d+(?::\d+)?\s*\|\s?")
_SPACE = re.compile(r"\s+")


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
) -> Diagnosis:
    """Check every quote and build the diagnosis.

    A `root_cause` none of whose evidence could be verified becomes `inconclusive`. Commands in `next_checks` that the
    policy does not allow are dropped, and said so in `missing`.
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
    checks, refused = _next_checks(answer)
    if refused:
        missing.append(f"{refused} proposed checks are not read-only and were dropped")
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
        ),
        engine=engine,
        model=model,
        degraded=degraded,
        claims=verified,
        unverified=unverified,
        hypotheses=hypotheses,
        timeline=tuple(_moment(moment, evidence) for moment in answer.timeline),
        missing=tuple(missing),
        actions=tuple(Action(text=text, effect=effect_of(text)) for text in answer.actions),
        next_checks=checks,
        said=said,
        prompt_sha256=prompt_sha256,
        templates_sha256=templates_sha256,
    )


class Evidence:
    """The host's lines, ready for looking quotes up. Matching ignores case of nothing: only runs of white space."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        self._seen = {seen.id: seen for seen in observations}
        self._plain = {seen.id: [_plain(line) for line in seen.lines] for seen in self._seen.values()}

    def find(self, said: SaidQuote) -> Quote:
        """The quote as the host has it, or marked unverified with the engine's own words kept for the record."""
        wanted = _plain(_LABEL.sub("", said.text))
        cited = said.evidence.strip().upper()
        if wanted:
            lines = self._plain.get(cited, [])
            if 0 < said.line <= len(lines) and _fits(wanted, lines[said.line - 1]):
                return self._quote(cited, said.line - 1, "exact")
            for name in (cited, *(other for other in self._plain if other != cited)):
                if (index := self._index(name, wanted, near=said.line)) is not None:
                    return self._quote(name, index, "corrected")
            if (index := self._alike(cited, wanted)) is not None:
                return self._quote(cited, index, "corrected")
        return Quote(observation=said.evidence, line=said.line, text=said.text, status="unverified")

    def _index(self, name: str, wanted: str, *, near: int) -> int | None:
        hits = [index for index, line in enumerate(self._plain.get(name, [])) if _fits(wanted, line)]
        return min(hits, key=lambda index: abs(index + 1 - near)) if hits else None

    def _alike(self, name: str, wanted: str) -> int | None:
        if len(wanted) < 2 * _LEAST_FRAGMENT:
            return None
        matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
        best, best_index = _NEAR, None
        for index, line in enumerate(self._plain.get(name, [])):
            if abs(len(line) - len(wanted)) > len(wanted) // 5:
                continue
            matcher.set_seq1(line)
            if (
                matcher.quick_ratio() >= best
                and (ratio := matcher.ratio()) >= best
                and _same_numbers(line, wanted)
            ):
                best, best_index = ratio, index
        return best_index

    def _quote(self, name: str, index: int, status: str) -> Quote:
        line = self._seen[name].lines[index]
        return Quote(
            observation=name, line=index + 1, text=line, status="exact" if status == "exact" else "corrected"
        )


def _plain(text: str) -> str:
    return _SPACE.sub(" ", defang(text)).strip()


def _fits(wanted: str, line: str) -> bool:
    return wanted == line or (len(wanted) >= _LEAST_FRAGMENT and wanted in line)


def _same_numbers(line: str, wanted: str) -> bool:
    """A misquote that changes a figure is another statement, however alike the words."""
    return re.findall(r"\d+", line) == re.findall(r"\d+", wanted)


def _claim(said: SaidClaim, evidence: Evidence) -> Claim:
    quotes = tuple(evidence.find(quote) for quote in said.quotes)
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


def _next_checks(answer: Answer) -> tuple[tuple[NextCheck, ...], int]:
    checks, refused = [], 0
    for said in answer.next_checks:
        verdict = check(said.argv)
        if verdict.command is None:
            refused += 1
        else:
            checks.append(NextCheck(argv=verdict.command.argv, why=said.why))
    return tuple(checks), refused


def _unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The first of the claims that say the same on the same lines."""
    return tuple(
        {(claim.text, tuple(quote.ref for quote in claim.quotes)): claim for claim in claims}.values()
    )
