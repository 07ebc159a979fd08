"""Names that a ticket holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.ticket.subjects import find_hosts, find_paths, find_subjects


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("Host: web-01.example.com\nslow", ("web-01.example.com",)),
        ("**Server:** db7, db8", ("db7", "db8")),
        ("Hosts: web-01 web-02 (both in the same rack)", ("web-01", "web-02")),
        ("Hosts: web, db and cache", ("web", "db", "cache")),
        ("Host: web-01, the mail queue grows, /var looks full", ("web-01",)),
        ("Host: web-01, urgent", ("web-01",)),
        ("Host: shop is down since noon", ("shop",)),
        ("Server: db-1.example.net (10.0.0.7), and db-2", ("db-1.example.net", "10.0.0.7", "db-2")),
        ("Host: -", ()),
        ("502 on web-01 since noon", ("web-01",)),
        ("the box at 10 is fine", ()),
        ("on monday the service on port 8080 failed", ()),
        ("fails on nginx.service and on http2", ()),
        ("seen from app-3.eu.example.net.", ("app-3.eu.example.net",)),
    ],
)
def test_hosts_are_found_by_label_or_by_a_telling_form(text: str, hosts: tuple[str, ...]) -> None:
    assert find_hosts(text) == hosts


def test_everyday_daemon_names_become_the_units_of_their_distributions() -> None:
    subjects = find_subjects("apache and postgres are down")
    assert subjects.units == ("apache2", "httpd", "postgresql")
    assert subjects.processes == ("apache", "postgres")


def test_a_unit_named_in_full_or_beside_the_word_service_is_a_subject() -> None:
    subjects = find_subjects(
        "payments-api.service and backup.timer fail; the shipping service restarts, unit acme@3 too"
    )
    assert subjects.units == ("payments-api", "backup.timer", "acme@3", "shipping")


@pytest.mark.parametrize(
    "text",
    [
        "customer service is down",
        "the service failed",
        "which service restarts",
        "the service behind it hangs",
    ],
)
def test_prose_beside_the_word_service_names_no_unit(text: str) -> None:
    assert find_subjects(text).units == ()


def test_what_follows_a_units_full_name_is_no_unit() -> None:
    assert find_subjects("502 from nginx; shop.service behind it keeps dying").units == ("shop", "nginx")


def test_ports_are_not_taken_from_times_or_versions() -> None:
    assert find_subjects("at 14:05:09 port 8081 and db-1:5432 and 53/udp, v1.2:3").ports == (8081, 5432, 53)


def test_addresses_are_real_ones() -> None:
    assert find_subjects("10.0.0.7 and fe80::1 but not 999.1.1.1 or 1.2.3").addresses == (
        "10.0.0.7",
        "fe80::1",
    )


def test_a_path_beside_a_word_of_storage_is_a_mount() -> None:
    subjects = find_subjects("the filesystem /srv/data is full. See /etc/app/app.conf")
    assert subjects.mounts == ("/srv/data",)


def test_paths_are_absolute_and_not_parts_of_urls() -> None:
    assert find_paths("see /var/log/app.log, http://x/y/z and ./here/now") == ("/var/log/app.log",)


@given(st.text(max_size=300))
def test_no_text_makes_the_search_fail(text: str) -> None:
    subjects = find_subjects(text)
    assert all(0 < port < 65536 for port in subjects.ports)
    assert all(path.startswith("/") for path in (*find_paths(text), *subjects.mounts))
