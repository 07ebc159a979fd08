"""What people write for times, and what they write that is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.ticket.window import find_window

NOW = datetime(2026, 11, 26, 15, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "host 192.168.10.53 cannot be reached",
        "connections from 10.20.1.15 to db-1 are refused",
        "DNS server 10.0.0.53 does not answer",
        "After the upgrade to PostgreSQL 15.10 the shop is slow",
        "nginx 1.22 on web-01 answers 502",
        "since 1.22 nginx answers 502",
        "kernel 5.14.0-362 panics on db-1",
        "openssl 3.0.15 was installed, TLS fails",
        "Deployed release 4.12.7 to app-1, it does not start",
        "python 3.11.7 segfaults, load 12.50",
        "timeout after 30.00 s",
        "takes 1h30 to finish",
        "MAC 52:54:00:12:34:56 flaps between ports",
        "2001:db8:12:34::1 does not answer",
        "ratio 16:09 of the picture is wrong",
        "error in foo.py:10:22",
        "see line 12:30 of the file",
        "sda1:10 is broken",
        "db-1:15:40 is what the balancer says",
        "the 5.10 series of kernels",
        "the file of 31.02.2026 is missing",
        "32/13/2026 is no date",
        "on mondays it is slow",
        "the may release does not start",
        "port 0200 is closed",
        "at most 14.000 requests",
        "connections from mon-1 are refused",
        "the quorum is lost since mon.b left",
        "on sat links it is slow",
        "since Sun hardware was replaced it is slow",
        "since monday.com was opened",
    ],
)
def test_what_is_no_time_gives_no_window(text: str) -> None:
    assert find_window(text, now=NOW).since is None, find_window(text, now=NOW).source


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("lb-1 holds 10.0.0.100 since the firewall change at 13:40", "2026-11-26T13:10Z"),
        ("web-1 answers slowly, load 12.50, since 14:05", "2026-11-26T14:05Z"),
        ("DNS server 10.0.0.53 does not answer, 14:30 UTC", "2026-11-26T14:00Z"),
        ("since noon nobody can log in", "2026-11-26T12:00Z"),
        ("since midnight nobody can log in", "2026-11-26T00:00Z"),
        ("since 24 Nov mails stay", "2026-11-24T00:00Z"),
        ("since 24th of November mails stay", "2026-11-24T00:00Z"),
        ("since 28 Nov mails stay", "2025-11-28T00:00Z"),
        ("On 26 Nov 2026 at 09:12 UTC it broke", "2026-11-26T08:42Z"),
        ("Nov 26 09:12 UTC it broke", "2026-11-26T08:42Z"),
        ("Nov 20 14:02:11 db-01 kernel: Out of memory", "2026-11-20T13:32:11Z"),
        ("26.11.2026 14:00 ausgefallen", "2026-11-26T13:30Z"),
        ("26/11/2026 14:00 down", "2026-11-26T13:30Z"),
        ("11/26/2026 2:30 PM down", "2026-11-26T14:00Z"),
        ("2026-11-20 14:05 to 14:20 CET errors", "2026-11-20T13:05Z"),
        ("SMTP was down for two minutes at 04:00", "2026-11-26T03:30Z"),
        ("since this morning's deploy at 09:12 UTC", "2026-11-26T08:42Z"),
        ("at 09:12 CET it failed", "2026-11-26T07:42Z"),
        ("at 09:12 EST it failed", "2026-11-26T13:42Z"),
        ("between 2 and 3 pm", "2026-11-26T14:00Z"),
        ("last Tuesday at 10:15", "2026-11-24T09:45Z"),
        ("last Thursday at 10:15", "2026-11-19T09:45Z"),
        ("since Monday", "2026-11-23T00:00Z"),
        ("since Monday 08:00", "2026-11-23T08:00Z"),
        ("since monday, mails stay", "2026-11-23T00:00Z"),
        ("since Mon 08:00", "2026-11-23T08:00Z"),
        ("it is slow since Mon.", "2026-11-23T00:00Z"),
        ("on Tue at 10:15 it broke", "2026-11-24T09:45Z"),
        ("started at 2am", "2026-11-26T02:00Z"),
        ("at 2 a.m. UTC", "2026-11-26T01:30Z"),
        ("at 0200 UTC", "2026-11-26T01:30Z"),
        ("at 14.05 the shop went down", "2026-11-26T13:35Z"),
        ("since 3 days mails stay", "2026-11-23T15:45Z"),
        ("slow for 2 hours", "2026-11-26T13:45Z"),
    ],
)
def test_a_time_is_read_however_it_is_spelled(text: str, since: str) -> None:
    assert find_window(text, now=NOW).since == datetime.fromisoformat(since)
