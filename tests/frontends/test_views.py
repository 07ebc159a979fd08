"""What a user asked to see again: evidence with its numbers, the plan, findings, the ticket."""

from __future__ import annotations

import io

from rich.console import Console

from tai.commands.views import (
    Cleared,
    ContextView,
    DiagnosisView,
    EvidenceView,
    FindingsView,
    Message,
    ObservationView,
    PlanView,
    TableView,
    TextView,
    TicketView,
    View,
)
from tai.events import PlannedStep
from tai.frontends.views import draw
from tai.model import Pinned, Ticket
from tests.frontends.story import (
    DENIED,
    DIAGNOSIS,
    DISK,
    FINDING,
    FULL,
    HOSTILE,
    JOURNAL,
    PASTED,
    TICKET,
)


def drawn(view: View, *, width: int = 80) -> str:
    console = Console(file=io.StringIO(), record=True, width=width, force_terminal=True)
    draw(console, view)
    text = console.export_text()
    assert max((len(line) for line in text.splitlines()), default=0) <= width
    return text


def test_evidence_is_numbered_and_cited_lines_are_marked() -> None:
    text = drawn(ObservationView(DISK, 1, 200, frozenset({2})))
    head, facts, first, second = text.splitlines()
    assert head == "E1 df -PT  db-01"
    assert facts == "ok · exit 0 · 0.03 s · 118 B · 2 lines"
    assert first.startswith(" 1  Filesystem Type")
    assert second == f">2  {FULL}"


def test_the_context_lists_the_facts_with_their_numbers_and_what_they_rule_out() -> None:
    facts = (Pinned(text="it is not DNS, we checked", excludes=("dns",)), Pinned(text=f"rebooted {HOSTILE}"))
    text = drawn(ContextView("db-01", 4, 1, 2, 6120, facts), width=120)
    assert " 1. it is not DNS, we checked  (rules out: dns)\n" in text
    assert " 2. rebooted" in text
    assert "2 questions, about 6,120 tokens" in text
    assert "nothing was asked yet" in drawn(ContextView("", 0, 0, 0, 0, ()))


def test_a_part_of_evidence_says_which_and_how_to_go_on() -> None:
    text = drawn(ObservationView(JOURNAL, 11, 20))
    assert " 11  2026-11-20T14:05:10" in text
    assert "line 31" not in text
    assert text.endswith("lines 11 to 30 of 60; /show E2 31 goes on\n")
    assert "cut at the limit" in text
    assert "2 secrets masked" in text
    assert drawn(ObservationView(JOURNAL, 51, 20)).endswith("lines 51 to 60 of 60\n")


def test_a_start_past_the_end_shows_no_line_and_says_how_many_there_are() -> None:
    assert drawn(ObservationView(JOURNAL, 900, 20)).endswith("there are 60 lines\n")


def test_evidence_that_is_missing_says_why() -> None:
    text = drawn(ObservationView(DENIED, 1, 20))
    assert "no permission · exit 1" in text
    assert "Operation not permitted" in text


def test_a_megabyte_in_one_line_is_cut_and_counted() -> None:
    long = DISK.model_copy(update={"text": "x" * 1_000_000})
    text = drawn(ObservationView(long, 1, 20))
    assert len(text) < 5000
    assert "998,000 more" in " ".join(text.split())


def test_host_text_is_shown_and_not_obeyed() -> None:
    text = drawn(ObservationView(PASTED, 1, 20), width=200)
    assert r"[bold red]not markup[/] \x1b]8;;http://evil.example\x07link\x1b[2J\u202egnp" in text
    assert "\x1b" not in drawn(Message(HOSTILE), width=200)
    assert "\x1b" not in drawn(TextView(HOSTILE), width=200)


def test_all_evidence_is_a_line_each() -> None:
    text = drawn(EvidenceView((DISK, JOURNAL, DENIED, PASTED)))
    assert [line.split()[0] for line in text.splitlines()] == ["#1", "#2", "#3", "E4"]


def test_the_plan_stands_by_collector_with_what_is_done() -> None:
    steps = (
        PlannedStep(n=1, collector="disk", probe="filesystems", argv=("df", "-PT"), why="always"),
        PlannedStep(n=2, collector="disk", probe="inodes", argv=("df", "-i"), why="the ticket says disk"),
    )
    lines = drawn(PlanView(steps, frozenset({1}))).splitlines()
    assert lines[1:] == [
        "disk",
        "✓ #1   df -PT",
        "       always",
        "  #2   df -i",
        "       the ticket says disk",
    ]


def test_a_finding_shows_the_lines_that_it_cites() -> None:
    text = drawn(FindingsView((FINDING,)))
    assert "critical A filesystem is full: /srv/data  E1:2" in text
    assert f"      E1:2  {FULL}" in text
    assert "Nothing more can be written to /srv/data." in text


def test_the_ticket_as_understood() -> None:
    text = drawn(TicketView(TICKET))
    assert "host       db-01" in text
    assert "window     2026-11-20 14:05+00:00 – … (“since 14:05”)" in text
    assert "ports      3306" in text
    assert "note       The ticket was cut at 2 MB." in text
    assert "nothing in the ticket names" in drawn(TicketView(Ticket(text="help")))


def test_a_table_fits_even_with_a_long_name() -> None:
    rows = (("/a", "short"), ("/show [plan|findings|logs|prompt|diagnosis|N|E3]", "long " * 30))
    text = drawn(TableView("All", rows))
    assert text.splitlines()[1].split() == ["/a", "short"]


def test_the_diagnosis_again_and_what_clear_keeps() -> None:
    assert "ROOT CAUSE" in drawn(DiagnosisView(DIAGNOSIS, {"E1": "df -PT"}))
    assert "2 pieces of evidence stay" in drawn(Cleared(2))
