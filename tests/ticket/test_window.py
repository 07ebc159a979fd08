"""Times in prose, as on-call engineers write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.ticket.window import find_moment, find_window

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def at(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("502s since 14:05", "2026-11-21 14:05", ""),
        ("502s since about 14:05 UTC", "2026-11-21 14:05", ""),
        ("down since 23:10", "2026-11-20 23:10", ""),
        ("between 02:00 and 02:40 the API failed", "2026-11-21 02:00", "2026-11-21 02:40"),
        ("slow from 23:50 to 00:20", "2026-11-20 23:50", "2026-11-21 00:20"),
        ("errors 10:00-10:15", "2026-11-21 10:00", "2026-11-21 10:15"),
        ("at 3:12pm yesterday it fell over, since yesterday 15:12", "2026-11-20 15:12", ""),
        ("it crashed at 2026-11-19 at 03:00", "2026-11-19 02:30", "2026-11-19 03:30"),
        ("outage at 2026-11-20T22:10:00+01:00", "2026-11-20 20:40", "2026-11-20 21:40"),
        ("broke 2 hours ago", "2026-11-21 13:00", ""),
        ("for the last 30 minutes", "2026-11-21 14:30", ""),
        ("failing for 3 days", "2026-11-18 15:00", ""),
        ("since yesterday nothing works", "2026-11-20 00:00", ""),
        ("on 2026-11-19 there was an outage", "2026-11-19 00:00", "2026-11-20 00:00"),
        ("the mail queue grows", "", ""),
        ("error 500 on port 8080, 12 workers", "", ""),
    ],
)
def test_a_time_in_the_ticket_becomes_a_window(text: str, since: str, until: str) -> None:
    window = find_window(text, now=NOW)
    assert (window.since, window.until) == (at(since), at(until))


def test_times_without_a_zone_are_in_the_users_own() -> None:
    tokyo = timezone(timedelta(hours=9))
    window = find_window("since 14:05", now=NOW.astimezone(tokyo))
    assert window.since == datetime(2026, 11, 21, 14, 5, tzinfo=tokyo)


def test_a_date_that_does_not_exist_is_no_window() -> None:
    assert not find_window("since 2026-02-31 10:00", now=NOW)


@pytest.mark.parametrize("text", ["2 hours ago", "14:05", "yesterday", "2026-11-20 22:10 UTC"])
def test_the_since_flag_takes_what_a_ticket_may_say(text: str) -> None:
    assert find_moment(text, now=NOW) is not None


def test_the_since_flag_refuses_what_is_no_time() -> None:
    assert find_moment("lunch", now=NOW) is None


@given(st.text(max_size=200))
def test_any_text_at_all_gives_a_window_or_none(text: str) -> None:
    window = find_window(text, now=NOW)
    assert window.since is None or window.since.tzinfo is not None


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2026, 11, 21)))
def test_a_full_timestamp_is_read_back_to_the_minute(moment: datetime) -> None:
    window = find_window(f"since {moment:%Y-%m-%d %H:%M} UTC", now=NOW)
    assert window.since == moment.replace(second=0, microsecond=0, tzinfo=UTC)
