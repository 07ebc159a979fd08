"""What is unusual where no signature fits: by its words, the ticket's names and time, its rarity, and the boot before."""

from __future__ import annotations

from datetime import UTC, datetime

from tai.llm.leads import Lead, leads
from tai.model import OTHER_OPTIONS, Observation, Outcome, Subjects, Ticket, Window

DAY = "2026-11-20T"
QUIET = Ticket(text="something is odd")


def journal(n: int, *lines: str, argv: tuple[str, ...] = ("journalctl", "-n", "1000")) -> Observation:
    text = "".join(f"{line}\n" for line in lines)
    return Observation(
        id=f"E{n}", host="h", collector="", probe="journal", argv=argv, outcome=Outcome.OK, text=text
    )


def line(at: str, message: str) -> str:
    return f"{DAY}{at}+0000 h {message}"


def texts(found: list[Lead]) -> list[str]:
    return [lead.text.partition(": ")[2] for lead in found]


def test_graver_words_come_first() -> None:
    seen = journal(1, line("14:00:00", "a[1]: retry later"), line("14:00:01", "b[2]: fatal: store is corrupt"), line("14:00:02", "c[3]: lookup failed"))  # fmt: skip
    assert texts(leads(QUIET, [seen], 6)) == ["fatal: store is corrupt", "lookup failed", "retry later"]


def test_what_the_ticket_names_comes_before_what_it_does_not() -> None:
    ticket = Ticket(text="shop", subjects=Subjects(units=("shop.service",)))
    seen = journal(1, line("14:00:00", "other[1]: lookup failed"), line("14:00:01", "shop[2]: lookup failed badly"))  # fmt: skip
    assert texts(leads(ticket, [seen], 1)) == ["lookup failed badly"]


def test_lines_in_the_tickets_time_come_before_others() -> None:
    since = datetime(2026, 11, 20, 14, tzinfo=UTC)
    ticket = Ticket(text="odd", window=Window(since=since, until=since.replace(hour=15)))
    seen = journal(1, line("02:00:00", "a[1]: lookup failed early"), line("14:30:00", "b[2]: lookup failed now"))  # fmt: skip
    first, second = leads(ticket, [seen], 2)
    assert texts([first, second]) == ["lookup failed now", "lookup failed early"]
    assert first.weight > second.weight


def test_rare_form_comes_before_one_that_repeats_and_both_are_told_once() -> None:
    often = [line(f"14:{n:02}:00", f"a[1]: request {n} failed") for n in range(1, 51)]
    found = leads(QUIET, [journal(1, *often, line("14:51:00", "b[2]: mirror failed"))], 6)
    assert texts(found) == ["mirror failed", "request 1 failed"]
    assert [lead.times for lead in found] == [1, 50]


def test_what_the_boot_before_said_too_comes_later() -> None:
    before = journal(1, line("01:00:00", "a[1]: sensor failed"), argv=("journalctl", "-b", "-1"))
    now = journal(2, line("14:00:00", "a[1]: sensor failed"), line("14:00:01", "b[2]: mirror failed"))
    found = leads(QUIET, [before, now], 6)
    assert texts(found) == ["mirror failed", "sensor failed"]
    assert {lead.observation for lead in found} == {"E2"}


def test_words_that_speak_of_no_fault_are_no_leads() -> None:
    seen = journal(1, line("14:00:00", "a[1]: 0 errors"), line("14:00:01", "b[2]: error_log opened"), line("14:00:02", "c[3]: all fine"))  # fmt: skip
    assert leads(QUIET, [seen], 6) == []


def test_tables_and_files_are_not_read_for_leads() -> None:
    seen = journal(1, "errors 12 failed", argv=("cat", "/etc/app.conf"))
    assert leads(QUIET, [seen], 6) == []


def test_what_a_tool_said_of_its_options_is_no_lead_where_another_form_answered() -> None:
    refused = Observation(
        id="E1", host="h", collector="", probe="kernel-log", argv=("dmesg", "--ctime"), outcome=Outcome.FAILED,
        reason=f"exit 1: dmesg: unrecognized option '--ctime' ({OTHER_OPTIONS})",
        text="dmesg: unrecognized option '--ctime'\nUsage: dmesg [-cr] [-n LEVEL] [-s SIZE], invalid is an error\n",
    )  # fmt: skip
    assert leads(QUIET, [refused], 6) == []
