"""The report as sections of a few shapes, in the order in which they are read; Markdown and HTML both draw these.

So neither form can leave out what the other has. Text here is as the record holds it: each form makes it harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tai.model import Claim, Quote, Window
from tai.report.report import Report

TITLES = {"root_cause": "Root cause", "healthy": "Healthy", "inconclusive": "Inconclusive"}
# A line of a host can be a megabyte; a ticket wants its beginning, and the digest vouches for the rest.
_LONGEST_QUOTE = 1000
_MOST_NOT_LOOKED_AT = 60
_LONGEST_SAID = 4000


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line that the host printed. source: the command that printed it; note: what was corrected about the citation."""

    ref: str
    text: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: words, the lines that they rest on, a command for the reader to copy, and a mark before it."""

    text: str = ""
    quotes: tuple[Quoted, ...] = ()
    command: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its entries. note: a sentence under the title; numbered: whether the entries have an order."""

    title: str
    items: tuple[Item, ...]
    note: str = ""
    numbered: bool = False


def title(report: Report) -> str:
    """`Root cause on db-01`; what it is follows in `cause`."""
    said = report.diagnosis
    what = TITLES[said.outcome] if said else "Evidence"
    return f"{what} on {report.target}" if report.target else what


def cause(report: Report) -> str:
    """The sentence under the title, '' where nobody was asked."""
    return report.diagnosis.cause if report.diagnosis else ""


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """The short lines at the top: a name and its value."""
    if report.target:
        host = report.host
        system = host.facts.os_name if host else ""
        via = f" via {', '.join(host.via)}" if host and host.via else ""
        yield "Host", report.target + via + (f", {system}" if system else "")
    if report.unreachable:
        yield "Not reached", report.unreachable
    if report.ticket and report.ticket.window:
        yield "Window", _window(report.ticket.window)
    said = report.diagnosis
    if said is not None:
        why = f": {'; '.join(said.confidence.reasons)}" if said.confidence.reasons else ""
        yield "Confidence", f"{said.confidence.level} ({said.confidence.score:.2f}){why}"
        deterministic = said.engine == "deterministic"
        model = "the deterministic engine; no language model was used"
        yield "Answered by", model if deterministic else f"{said.engine} {said.model}".strip()
        if said.degraded:
            yield "Degraded", said.degraded
    if report.began and report.last:
        yield "Looked at", f"{_time(report.began)} to {_time(report.last)}"


def sections(report: Report) -> Iterator[Section]:
    """Every section that has something to say."""
    for section in _all(report):
        if section.items:
            yield section


def _all(report: Report) -> Iterator[Section]:
    said = report.diagnosis
    if said is not None:
        yield Section(
            "Evidence",
            tuple(Item(claim.text, _quotes(claim.quotes, report)) for claim in said.claims),
            numbered=True,
        )
        yield Section(
            "Timeline",
            tuple(
                Item(moment.text, _quotes([moment.quote] if moment.quote else [], report), mark=moment.at)
                for moment in said.timeline
            ),
        )
        yield Section(
            "Recommended actions",
            tuple(
                Item(action.text, mark="" if action.effect == "reads" else action.effect)
                for action in said.actions
            ),
            note="For a person: tai changes nothing and runs none of them.",
            numbered=True,
        )
        yield Section(
            "Next checks",
            tuple(Item(check.why, command=" ".join(check.argv)) for check in said.next_checks),
            note="Read-only.",
            numbered=True,
        )
        yield Section("Hypotheses weighed", tuple(_hypotheses(report)), numbered=True)
        yield Section("Missing evidence", tuple(map(Item, said.missing)))
        yield Section(
            "Not evidence",
            tuple(Item(_unverified(claim)) for claim in said.unverified),
            note="Said by the engine, and the host printed no such line.",
        )
        yield Section(
            "What the model did say",
            (Item(quotes=(Quoted("said", said.said[:_LONGEST_SAID], "the model"),)),) if said.said else (),
            note="It could not be used as an answer, and nothing in it was checked.",
        )
    yield Section(
        "Fault signatures that fitted",
        tuple(
            Item(
                f"{found.severity}: {found.title}" + (f" ({found.subject})" if found.subject else ""),
                tuple(
                    Quoted(cited.ref, _cut(cited.text), report.sources.get(cited.observation, ""))
                    for cited in found.cited[:3]
                ),
            )
            for found in report.findings
        ),
    )
    yield Section("Stated by the person on call", tuple(Item(fact.text) for fact in report.pinned))
    yield Section("Warnings", tuple(map(Item, report.warnings)))
    left = len(report.not_looked_at) - _MOST_NOT_LOOKED_AT
    more = [Item(f"and {left} more")] if left > 0 else []
    yield Section(
        "Not looked at",
        (*map(Item, report.not_looked_at[:_MOST_NOT_LOOKED_AT]), *_left_out(report), *more),
    )
    yield Section(
        "Looked at",
        tuple(
            Item(f"{each.outcome.replace('_', ' ')}, {each.lines} lines", command=each.source, mark=each.id)
            for each in report.looked
        ),
    )
    yield Section("Digest of the run", tuple(Item(text) for text in _digest(report)))


def _quotes(quotes: tuple[Quote, ...] | list[Quote], report: Report) -> tuple[Quoted, ...]:
    """Those that the host printed; of any other not even the words are shown."""
    return tuple(
        Quoted(
            quote.ref,
            _cut(quote.text),
            report.sources.get(quote.observation, ""),
            quote.correction or "corrected" if quote.status == "corrected" else "",
        )
        for quote in quotes
        if quote.status != "unverified"
    )


def _hypotheses(report: Report) -> Iterator[Item]:
    said = report.diagnosis
    for each in sorted(said.hypotheses, key=lambda one: one.rank) if said else ():
        parts = [each.cause]
        for word, claims in (("for", each.supporting), ("against", each.refuting)):
            parts += [f"{word}: {claim.text} ({_refs(claim)})" for claim in claims]
        yield Item("; ".join(parts))


def _refs(claim: Claim) -> str:
    refs = " ".join(quote.ref for quote in claim.quotes if quote.status != "unverified")
    return refs if claim.verified and refs else "not verified"


def _unverified(claim: Claim) -> str:
    refs = ", ".join(quote.ref for quote in claim.quotes if quote.status == "unverified")
    return f"{claim.text} ({f'it named {refs}' if refs else 'it quoted nothing'})"


def _left_out(report: Report) -> Iterator[Item]:
    cut = [each for each in report.looked if each.kept_lines is not None and each.kept_lines < each.lines]
    lines = sum(each.lines - (each.kept_lines or 0) for each in cut)
    if lines:
        yield Item(f"{lines} lines of {len(cut)} outputs were left out of the prompt by the evidence budget")


def _digest(report: Report) -> Iterator[str]:
    digest = report.digest
    yield f"{report.made_by}, session {digest.session}, {digest.events} events"
    if digest.broken is None:
        yield f"record: chain {digest.chain}"
    else:
        yield f"record: CHANGED at line {digest.broken}; nothing vouches for what it says from there on"
    if digest.torn:
        yield f"record: the last line was never finished ({digest.torn} bytes left out)"
    if digest.prompt:
        yield f"prompt: sha256 {digest.prompt}"
        yield f"templates: sha256 {digest.templates}"


def _cut(text: str) -> str:
    more = len(text) - _LONGEST_QUOTE
    return text if more <= 0 else f"{text[:_LONGEST_QUOTE]}… ({more:,} more characters)"


def _window(window: Window) -> str:
    ends = [_time(end) if end else "…" for end in (window.since, window.until)]
    return " to ".join(ends) + (f" (“{window.source}”)" if window.source else "")


def _time(at: datetime) -> str:
    """In UTC: readers of a ticket sit in many zones."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
