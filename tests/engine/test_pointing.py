"""Where tickets point to: status codes, short names, ports and paths, as the shipped collectors know them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.engine.pointing import ranked
from tai.ticket import parse
from tests.shipped import shipped

CATALOG = shipped()
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def scores(text: str) -> dict[str, float]:
    """Collector → score, the best first, of those that the ticket points to."""
    ticket = parse(text, now=NOW)
    return {each.collector.name: each.score for each in ranked(CATALOG, ticket, ()) if each.score}


@pytest.mark.parametrize(
    ("text", "collector"),
    [
        ("The shop shows 502", "web"),
        ("All we get is 503.", "web"),
        ("5xx everywhere since noon", "web"),
        ("Its CA is unknown to us", "tls"),
        ("IO errors since noon", "storage"),
        ("The db does not answer", "databases"),
        ("Login with 2FA fails", "authentication"),
        ("Port 25 does not answer", "mail"),
    ],
)
def test_short_words_and_numbers_point_to_their_subject(text: str, collector: str) -> None:
    assert collector in list(scores(text))[:2]


@pytest.mark.parametrize("path", ["/var", "/home", "/var/lib", "/usr/lib", "/sys"])
def test_folder_above_everything_points_to_no_subject_that_only_reads_below_it(path: str) -> None:
    # The services take any path that a ticket names: which unit uses it.
    assert set(scores(f"{path} x")) <= {"services"}


def test_path_points_the_better_the_nearer_what_is_read_lies() -> None:
    nginx = scores("/etc/nginx/sites-enabled/shop.conf x")
    assert nginx["web"] > nginx["tls"] > 0
    unit = scores("/etc/systemd/system/x.mount x")
    assert unit["services"] > unit["changes"] > 0
    assert "time" not in unit


def test_file_that_many_read_says_little_of_each() -> None:
    syslog = scores("/var/log/syslog x")
    assert max(syslog, key=lambda name: syslog[name]) == "syslog"
    assert {name for name, score in syslog.items() if score >= 1} <= {"syslog", "services"}


def test_reason_names_what_the_ticket_names() -> None:
    ticket = parse("/opt/shop/run.sh x", now=NOW)
    assert ranked(CATALOG, ticket, ())[0].why == "the ticket names /opt/shop/run.sh"
