"""chronyc and ntpq. The outputs of chronyc are Debian 12's; the time server did not answer."""

from __future__ import annotations

import pytest

from tai.parsers import parse

UNSYNCHRONISED = """\
Reference ID    : 00000000 ()
Stratum         : 0
Ref time (UTC)  : Thu Jan 01 00:00:00 1970
System time     : 0.000000000 seconds fast of NTP time
Last offset     : +0.000000000 seconds
RMS offset      : 0.000000000 seconds
Frequency       : 0.000 ppm slow
Residual freq   : +0.000 ppm
Skew            : 0.000 ppm
Root delay      : 1.000000000 seconds
Root dispersion : 1.000000000 seconds
Update interval : 0.0 seconds
Leap status     : Not synchronised
"""
SILENT = """\
MS Name/IP address         Stratum Poll Reach LastRx Last sample
===============================================================================
^? 10.0.0.7                      0   6     0     -     +0ns[   +0ns] +/-    0ns
"""
# The columns of ntpq, with addresses of documentation.
NTPQ = """\
     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
 0.pool.example. .POOL.          16 p    -   64    0    0.000    0.000   0.000
*192.0.2.123     192.0.2.1        2 u   33   64  377    1.204   -0.512   0.101
-198.51.100.7    .GPS.            1 u   12   64   17   20.100 2520.114   1.002
"""


def test_clock_that_follows_nothing_has_no_offset() -> None:
    (row,) = parse("chrony-tracking", UNSYNCHRONISED)
    assert (row["synchronised"], row["stratum"], row["offset_s"]) == (False, 0, 0.0)


def test_offset_is_a_number_with_its_direction() -> None:
    text = UNSYNCHRONISED.replace("0.000000000 seconds fast", "2520.114000000 seconds slow")
    (row,) = parse("chrony-tracking", text)
    assert (row["offset_s"], row["direction"]) == (2520.114, "slow")


def test_source_that_never_answered_is_counted_as_such() -> None:
    (row,) = parse("time-sources", SILENT)
    assert (row["answers"], row["selected"], row["sources"], row["answering"]) == (False, False, 1, 0)


def test_sources_of_ntpq_leave_out_pools_and_speak_in_seconds() -> None:
    rows = parse("time-sources", NTPQ)
    assert [(r["name"], r["selected"], r["offset_s"]) for r in rows] == [
        ("192.0.2.123", True, 0.000512),
        ("198.51.100.7", False, 2.520114),
    ]
    assert rows[0]["followed"] == 1


@pytest.mark.parametrize("parser", ["chrony-tracking", "time-sources"])
def test_answer_of_a_daemon_that_does_not_run_is_an_error(parser: str) -> None:
    with pytest.raises(ValueError, match="no "):
        parse(parser, "506 Cannot talk to daemon\n")
