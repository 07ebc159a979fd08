"""The collectors that tai ships: every signature proves itself, and the page about them is current."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tai.catalog import Catalog, Signature, failed_cases, unproven
from tai.catalog.listing import page
from tai.catalog.slots import SAMPLES, fill_argv
from tai.policy import Tier, canonicalise
from tai.ticket import parse as parse_ticket
from tests.shipped import shipped

CATALOG: Catalog = shipped()


@pytest.mark.parametrize("signature", CATALOG.signatures.values(), ids=lambda signature: signature.id)
def test_signature_has_a_reference_a_positive_and_a_near_miss_case_and_both_come_out(
    signature: Signature,
) -> None:
    assert list(unproven(signature)) == []
    assert list(failed_cases(signature, CATALOG.parsers)) == []


@pytest.mark.parametrize("name", ["host", "kernel", "memory", "cpu", "disk", "storage", "filesystems"])
def test_subject_of_the_machine_has_probes_signatures_and_words_that_tickets_are_read_as(name: str) -> None:
    (collector,) = [each for each in CATALOG.collectors if each.name == name]
    assert collector.probes
    assert collector.signatures
    ticket = parse_ticket(" ".join(collector.words), now=datetime(2026, 11, 20, tzinfo=UTC))
    assert set(collector.words) - set(ticket.words) == set()


def test_every_form_of_every_probe_that_is_not_named_runs_by_itself() -> None:
    for probe in CATALOG.probes.values():
        for argv in (probe.argv, *(variant.argv for variant in probe.variants)):
            if probe.depth != "named":
                assert canonicalise(fill_argv(argv, SAMPLES)).tier is Tier.A, probe.id


def test_red_hat_and_debian_paths_are_both_there() -> None:
    probes = CATALOG.probes.values()
    argvs = [argv for probe in probes for argv in (probe.argv, *(variant.argv for variant in probe.variants))]
    forms = {word for argv in argvs for word in argv}
    assert {"/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure"} <= forms


def test_explanations_lead_to_no_ring_of_two() -> None:
    for signature in CATALOG.signatures.values():
        assert signature.id not in signature.explained_by
        for other in signature.explained_by:
            assert signature.id not in CATALOG.signatures[other].explained_by, (signature.id, other)


def test_page_about_collectors_is_current() -> None:
    shown = Path(__file__).parents[2] / "docs" / "collectors.md"
    assert shown.read_text() == page(CATALOG), "run: python -m tai.catalog.listing > docs/collectors.md"


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("df -h", "df"),
        ("sudo df -hT | sort -k5", "df"),
        ("$ cat /proc/mdstat", "mdstat"),
        ("/proc/mdstat", "mdstat"),
        ("journalctl -u nginx --no-pager", "log"),
        ("root@web-01:~# dmesg -T | tail -50", "log"),
        ("/var/log/syslog", "log"),
        ("docker-compose logs web", "log"),
        ("systemctl --failed", "log"),
        ("systemctl list-units --failed", "failed-units"),
        ("sudo -u root LC_ALL=C lsof +L1", "lsof"),
        ("du -xsh /var/*", "du"),
        ("", "log"),
    ],
)
def test_command_line_says_what_kind_of_text_it_printed(command: str, kind: str) -> None:
    assert kind in CATALOG.kinds_of(command)


def test_output_of_a_table_is_not_read_as_a_log() -> None:
    assert CATALOG.kinds_of("df -h") == ("df",)
