"""Whole tickets: prose, and output that was pasted with it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tai.ticket import parse

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)

MIXED = """The shop on web-01 gives 502 since 14:00.

```
$ systemctl status shop
shop.service - Shop
   Active: failed
```
And from the log:
Nov 21 14:01:02 web-01 shop[12]: cannot open socket
Nov 21 14:01:03 web-01 shop[12]: giving up
    at Shop.start(shop.java:17)
Please look.
[root@web-01 ~]# df -h /srv
Filesystem Size Used Avail Use% Mounted on
/dev/vdb1  2.0G 2.0G     0 100% /srv
"""


def test_pasted_output_becomes_evidence_labelled_with_its_command() -> None:
    ticket = parse(MIXED, now=NOW)
    assert [each.label for each in ticket.attachments] == [
        "systemctl status shop",
        "pasted log",
        "df -h /srv",
    ]
    assert ticket.attachments[0].text == "shop.service - Shop\n   Active: failed"
    assert ticket.attachments[2].text.endswith("100% /srv\n") or ticket.attachments[2].text.endswith(
        "100% /srv"
    )


def test_a_stack_trace_stays_with_its_log_line() -> None:
    log = parse(MIXED, now=NOW).attachments[1].text
    assert log.splitlines()[-1] == "    at Shop.start(shop.java:17)"


def test_the_prose_gives_host_and_window_and_the_paste_does_not() -> None:
    ticket = parse(MIXED, now=NOW)
    assert ticket.hosts == ("web-01",)
    assert ticket.window.since == datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
    assert "giving" not in ticket.words


def test_the_ticket_keeps_its_whole_text() -> None:
    assert parse(MIXED, now=NOW).text == MIXED


def test_one_log_line_quoted_in_prose_is_not_a_paste() -> None:
    assert parse("It says\nNov 21 14:01:02 web-01 shop[12]: bad\nand stops.", now=NOW).attachments == ()


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert parse("see\n```\nline 1\nline 2", now=NOW).attachments[0].text == "line 1\nline 2"


def test_a_ticket_that_is_only_a_log_still_has_subjects() -> None:
    lines = "Nov 21 14:01:02 h nginx[1]: bind() to 0.0.0.0:80 failed\nNov 21 14:01:03 h nginx[1]: still could not bind()"
    assert "nginx" in parse(lines, now=NOW).subjects.units


@given(st.text(max_size=400))
def test_every_pasted_line_is_in_the_ticket(text: str) -> None:
    ticket = parse(text, now=NOW)
    whole = text.split("\n")
    assert all(line in whole for each in ticket.attachments for line in each.text.split("\n"))
