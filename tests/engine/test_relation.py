"""A fault that the ticket does not touch may be another story, and is never told as surely."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.engine.confidence import confidence
from tai.engine.relation import Relation, relation
from tai.model import (
    Citation,
    Claim,
    Confidence,
    Finding,
    Observation,
    Outcome,
    Quote,
    Severity,
    Subjects,
    Ticket,
    Window,
)

LINES = (
    "2026-11-21T14:02:07+0000 db-01 mariadbd[71]: Write to file ib_logfile0 failed: No space left on device",
    "2026-11-21T02:00:00+0000 db-01 certbot[9]: renewal of shop.example failed, port 8443",
)
SEEN = (
    Observation(
        id="E1",
        host="db-01",
        collector="c",
        probe="p",
        argv=("journalctl", "-u", "mariadb.service"),
        outcome=Outcome.OK,
        text="\n".join(LINES) + "\n",
    ),
)


def claims(line: int) -> list[Claim]:
    quote = Quote(observation="E1", line=line, text=LINES[line - 1], status="exact")
    return [Claim(text="the uploads cannot be stored", quotes=(quote,), verified=True)]


def tie(text: str, line: int = 1, **more: object) -> Relation:
    return relation(Ticket.model_validate({"text": text, **more}), claims(line), SEEN)


def test_a_name_a_word_or_the_time_ties_a_line_to_the_ticket() -> None:
    assert tie("x", subjects=Subjects(units=("mariadb.service",))).names == ("mariadb.service",)
    assert tie("x", 2, subjects=Subjects(ports=(8443,))).names == ("port 8443",)
    assert tie("the certbot renewals are late", 2).words == ("certbot", "renewals")
    window = Window(since=datetime(2026, 11, 21, 14, tzinfo=UTC))
    assert tie("uploads broken since then, customers complain", window=window).in_time
    assert not tie("uploads broken since then, customers complain", 2, window=window).in_time


def test_what_the_engine_says_itself_ties_nothing() -> None:
    """Its claim repeats the ticket's words; the host's lines do not hold them."""
    said = tie("uploads stored nowhere, customers complain bitterly")
    assert not said
    assert not said.vague


@pytest.mark.parametrize("text", ["db-01 is slow", "please look", "the server fails again and again"])
def test_a_ticket_that_says_next_to_nothing_is_vague(text: str) -> None:
    said = tie(text, hosts=("db-01",))
    assert said.vague
    assert not said


def test_the_hosts_own_name_and_words_of_every_log_tie_nothing() -> None:
    assert tie("device attached to db-01 failed file", hosts=("db-01",)).words == ("device",)


def of(tied: Relation | None, severity: Severity = "high") -> Confidence:
    cited = (Citation(observation="E1", line=1, text=LINES[0]),)
    known = Finding(
        signature="s", title="t", severity=severity, category="disk", cited=cited, explanation="e"
    )
    return confidence(
        "root_cause",
        verified=claims(1),
        unverified=(),
        hypotheses=(),
        observations=SEEN,
        findings=[known],
        tie=tied,
    )


def test_confidence_falls_from_named_over_vague_to_untied_and_says_why() -> None:
    ladder = [
        of(Relation(names=("mariadb",))),
        of(Relation(words=("mariadb",))),
        of(Relation(vague=True)),
        of(Relation()),
    ]
    scores = [each.score for each in ladder]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert ladder[-1].level == "low"
    assert any("touches what the ticket speaks of" in reason for reason in ladder[-1].reasons)
    assert any("about what the ticket names: mariadb" in reason for reason in ladder[0].reasons)


def test_a_grave_fault_that_nobody_named_is_doubted_less_and_is_never_high() -> None:
    assert of(Relation(), "critical").score > of(Relation(), "high").score
    assert of(Relation(), "critical").level != "high"
