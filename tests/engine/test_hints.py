"""Which findings a prompt names: all of a few; of many, those that the ticket is about, with room left for other lines."""

from __future__ import annotations

from tai.engine.condense import condense
from tai.engine.hints import hints
from tai.engine.inspect import inspect
from tai.llm.tokens import count
from tai.model import Citation, Finding, Observation, Outcome, Subjects, Ticket
from tests.shipped import shipped

CATALOG = shipped()
TICKET = Ticket(text="shop.service does not start", subjects=Subjects(units=("shop.service",)))
BUDGET = 2000


SAID = "Nov 22 09:10:00 web-01 shop[12]: quota table is of an older layout than this program reads"


def journals(faults: int) -> list[Observation]:
    """Many units' journals in which each failed, and that of shop.service last."""
    ended = "systemd[1]: {}.service: Main process exited, code=exited, status={}"
    others = [
        [f"Nov 2{n % 3} 0{n % 10}:10:00 web-01 " + ended.format(f"unit{n}", "1/FAILURE")]
        for n in range(faults)
    ]
    own = ["Nov 22 09:10:00 web-01 " + ended.format("shop", "3/NOTIMPLEMENTED"), SAID]
    return [
        Observation(
            id=f"E{number}",
            host="web-01",
            collector="journal",
            probe="all",
            argv=("journalctl", "--no-pager"),
            outcome=Outcome.OK,
            text="\n".join(lines) + "\n",
        )
        for number, lines in enumerate([*others, own], start=1)
    ]


def found(seen: list[Observation]) -> list[Finding]:
    """A finding for each unit; `inspect` itself names eight of a kind at most."""
    kind = next(one for one in inspect(CATALOG, seen) if one.signature == "unit-exited")
    return [
        kind.model_copy(
            update={
                "subject": each.text.split("systemd[1]: ")[1].split(":")[0],
                "cited": (Citation(observation=each.id, line=1, text=each.text.split("\n")[0]),),
            }
        )
        for each in seen
    ]


def test_a_few_findings_are_all_named() -> None:
    seen = journals(2)
    findings = found(seen)
    assert len(findings) >= 3
    assert hints(CATALOG, TICKET, seen, findings, budget=BUDGET, count=count) == list(findings)


def test_of_many_findings_the_tickets_own_are_named_and_half_of_the_budget_is_left() -> None:
    seen = journals(30)
    findings = found(seen)
    named = hints(CATALOG, TICKET, seen, findings, budget=BUDGET, count=count)
    assert len(named) < len(findings)
    assert "shop.service" in {finding.subject for finding in named}
    lines = {quote.ref: quote.text for finding in named for quote in finding.cited}
    assert sum(count(f"{ref}| {text}\n") for ref, text in lines.items()) <= BUDGET / 2


def test_what_named_findings_cite_is_kept_within_the_budget() -> None:
    seen = journals(30)
    named = hints(CATALOG, TICKET, seen, found(seen), budget=BUDGET, count=count)
    condensed = condense(seen, named, TICKET.subjects, budget=BUDGET, count=count)
    kept = {
        f"{section.observation.id}:{number}": text
        for section in condensed.sections
        for number, text in section.lines
    }
    assert {quote.ref for finding in named for quote in finding.cited} <= kept.keys()
    assert condensed.tokens <= BUDGET
    assert SAID in kept.values()  # which no signature knows


def test_a_single_finding_is_named_however_small_the_budget() -> None:
    seen = journals(0)
    findings = found(seen)
    assert hints(CATALOG, TICKET, seen, findings, budget=10, count=count) == list(findings)
