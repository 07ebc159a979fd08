"""Times at the head of log lines, in the forms that real logs have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.parsers.timestamps import stamp_of

AT = datetime(2026, 11, 20, 14, 2, 11)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Nov 20 14:02:11 web-01 sshd[1]: x", "Nov 20 14:02:11"),
        ("nov. 20 14:02:11 web-01 sshd[1]: x", "nov. 20 14:02:11"),
        ("2026/11/20 14:02:11 [error] 811#811: x", "2026/11/20 14:02:11"),
        ("[2026-11-20 14:02:11,123] ERROR x", "2026-11-20 14:02:11,123"),
        ("261120 14:02:11 [Note] InnoDB: x", "261120 14:02:11"),
        ("web    | 2026-11-20T14:02:11.000 x", "2026-11-20T14:02:11.000"),
    ],
)
def test_time_without_a_zone_is_the_hosts_own(line: str, shown: str) -> None:
    stamp = stamp_of(line, year=2026)
    assert stamp is not None
    assert (stamp.text, stamp.at, stamp.zoned) == (shown, AT, False)


@pytest.mark.parametrize(
    "line",
    ["2026-11-20T15:02:11+0100 web-01 a: x", "2026-11-20T14:02:11Z a", "2026-11-20 14:02:11 UTC [8] LOG: x"],
)
def test_time_with_a_zone_is_a_point_in_time(line: str) -> None:
    stamp = stamp_of(line, year=1999)
    assert stamp is not None
    assert stamp.zoned
    assert stamp.at == AT.replace(tzinfo=UTC)


def test_kernel_ring_tells_seconds_since_boot() -> None:
    stamp = stamp_of("[ 7063.247407] Memory cgroup out of memory", year=2026)
    assert stamp is not None
    assert (stamp.at, stamp.since_boot) == (None, 7063.247407)


@pytest.mark.parametrize(
    "line", ["", "no time here", "xyz 20 14:02:11 a", "Feb 30 25:61:00 h a: x", "2026-13-40 99:99:99"]
)
def test_what_is_no_time_gives_none(line: str) -> None:
    assert stamp_of(line, year=2026) is None
