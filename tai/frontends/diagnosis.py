"""A verified `Diagnosis` as lines on a screen. Not the verifier: it believes `status` and `verified` and adds nothing.

A quote that the host did not print is shown nowhere, not even as such: of an unverified claim stands the claim, marked,
and where the engine said it had seen it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from tai.frontends.lines import (
    BAD,
    FAINT,
    GOOD,
    REF,
    STRONG,
    WARN,
    command_line,
    cut,
    hang,
    heading,
    one_line,
    shown,
)
from tai.model import Claim, Diagnosis, DiagnosisOutcome, Hypothesis, Moment, Quote

_OUTCOME: dict[DiagnosisOutcome, tuple[str, str]] = {
    "root_cause": ("ROOT CAUSE", BAD),
    "healthy": ("HEALTHY", f"bold {GOOD}"),
    "inconclusive": ("INCONCLUSIVE", f"bold {WARN}"),
}

# Of a longer line a dozen screen lines are shown; /show has the rest.
_LONGEST_QUOTE = 1000

# Of a broken answer; it is kept whole.
_LONGEST_SAID = 300

Sources = Mapping[str, str]
"""Observation id to the command line or label that it came from."""


def diagnosis(said: Diagnosis, sources: Sources) -> Iterator[RenderableType]:
    """Every line of the diagnosis, from the outcome to the engine that gave it."""
    yield from _head(said)
    yield from _evidence(said.claims, sources)
    yield from _timeline(said.timeline)
    yield from _hypotheses(said.hypotheses)
    yield from _unverified(said.unverified)
    yield from _bullets("Missing evidence", said.missing, WARN)
    yield from _actions(said)
    yield from _next_checks(said)
    yield from _engine(said)


def _head(said: Diagnosis) -> Iterator[RenderableType]:
    word, style = _OUTCOME[said.outcome]
    yield Text()
    yield hang(f"{word}  ", said.cause, STRONG, style)
    yield hang("confidence  ", _confidence(said))


def _confidence(said: Diagnosis) -> Text:
    level = said.confidence.level
    text = Text(
        f"{level} ({said.confidence.score:.2f})", style={"high": GOOD, "medium": WARN, "low": BAD}[level]
    )
    if said.confidence.reasons:
        text = Text.assemble(text, ": ", one_line("; ".join(said.confidence.reasons)))
    return text


def _evidence(claims: Sequence[Claim], sources: Sources) -> Iterator[RenderableType]:
    """Each claim, the lines it rests on, and, faint, the command that printed them."""
    if not claims:
        return
    yield heading("Evidence")
    for number, claim in enumerate(claims, start=1):
        yield hang(f"{number:>2}. ", claim.text)
        for observation, quotes in groupby(claim.quotes, key=lambda quote: quote.observation):
            found = [quote for quote in quotes if quote.status != "unverified"]
            for quote in found:
                text = shown(cut(quote.text, _LONGEST_QUOTE))
                yield hang(f"    {quote.ref}  ", Text.assemble(text, _corrected(quote)), lead_style=REF)
            if found and observation in sources:
                yield hang(" " * (6 + len(found[0].ref)), one_line(sources[observation], FAINT))


def _corrected(quote: Quote) -> Text:
    """`  [corrected: the engine named E2:3]`: the line is the host's, and the engine had it otherwise."""
    if quote.status != "corrected":
        return Text()
    why = f": {quote.correction}" if quote.correction else ""
    return Text.assemble("  ", one_line(f"[corrected{why}]", WARN))


def _timeline(moments: Sequence[Moment]) -> Iterator[RenderableType]:
    if not moments:
        return
    yield heading("Timeline")
    times = [one_line(moment.at).plain for moment in moments]
    width = max(map(len, times))
    for at, moment in zip(times, moments, strict=True):
        quote = moment.quote
        text = one_line(moment.text)
        if quote is None or quote.status == "unverified":
            text = Text.assemble(text, ("  (not verified)", WARN))
        else:
            text = Text.assemble(text, (f"  {quote.ref}", REF), _corrected(quote))
        yield hang(f"    {at:<{width}}  ", text, lead_style=FAINT)


def _hypotheses(hypotheses: Sequence[Hypothesis]) -> Iterator[RenderableType]:
    if not hypotheses:
        return
    yield heading("Hypotheses weighed")
    for hypothesis in sorted(hypotheses, key=lambda h: h.rank):
        yield hang(f"{hypothesis.rank:>2}. ", hypothesis.cause)
        for word, claims in (("for", hypothesis.supporting), ("against", hypothesis.refuting)):
            for claim in claims:
                yield hang(f"    {word:<8}", _weighed(claim), lead_style=FAINT)


def _weighed(claim: Claim) -> Text:
    refs = " ".join(quote.ref for quote in claim.quotes if quote.status != "unverified")
    mark = (f"  {refs}", REF) if claim.verified and refs else ("  (not verified)", WARN)
    return Text.assemble(one_line(claim.text), mark)


def _unverified(claims: Sequence[Claim]) -> Iterator[RenderableType]:
    if not claims:
        return
    yield heading("Not evidence: said by the engine, but the host printed no such line")
    for claim in claims:
        refs = ", ".join(quote.ref for quote in claim.quotes if quote.status == "unverified")
        tail = f" (it named {refs})" if refs else " (it quoted nothing)"
        yield hang(
            "  ? ", Text.assemble(one_line(claim.text, FAINT), " ", one_line(tail, WARN)), lead_style=WARN
        )


def _bullets(title: str, items: Sequence[str], style: str) -> Iterator[RenderableType]:
    if not items:
        return
    yield heading(title)
    for item in items:
        yield hang("  - ", item, lead_style=style)


def _actions(said: Diagnosis) -> Iterator[RenderableType]:
    if not said.actions:
        return
    yield heading("Recommended actions (for you: tai runs none of them)")
    for number, action in enumerate(said.actions, start=1):
        text = shown(action.text)
        match action.effect:
            case "changes":
                text = Text.assemble(("[changes] ", WARN), text)
            case "destroys":
                text = Text.assemble(("[destroys] ", BAD), shown(action.text, BAD))
            case "reads":
                pass
        yield hang(f"{number:>2}. ", text)


def _next_checks(said: Diagnosis) -> Iterator[RenderableType]:
    if said.next_checks:
        yield heading("Next checks (read-only)")
    for number, check in enumerate(said.next_checks, start=1):
        asks = "" if check.tier == "A" else "  (asks you first)"
        yield hang(f"{number:>2}. ", Text.assemble(one_line(command_line(check.argv), STRONG), (asks, WARN)))
        yield hang("    ", Text.assemble(one_line(check.why, FAINT), (f"  /next {number}", REF)))
    for reason in said.dropped:
        yield hang("    not offered: ", one_line(reason, FAINT), lead_style=FAINT)


def _engine(said: Diagnosis) -> Iterator[RenderableType]:
    by = Text("\nanswered by ", style=FAINT)
    if said.engine == "deterministic":
        by.append("the deterministic engine; no language model was used")
    else:
        by.append_text(one_line(f"{said.engine} {said.model}"))
    yield by
    if said.degraded:
        yield hang("degraded: ", said.degraded, WARN, WARN)
    if said.said:
        told = Text.assemble(one_line(cut(said.said, _LONGEST_SAID), FAINT), ("  /show said", REF))
        yield hang("the model did say, unchecked: ", told, lead_style=FAINT)
