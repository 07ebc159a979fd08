"""A proposed check is a probe of the catalogue or a command, and what the policy does not allow is told, not offered."""

from __future__ import annotations

import pytest

from tai.answer import SaidCheck, SaidValue
from tai.engine.checks import Checks, probe_names
from tai.model import Facts, NextCheck, Observation, Outcome, Ticket
from tai.policy import check
from tai.text.sanitise import FORBIDDEN
from tests.engine.evidence import observation
from tests.poison import TEXTS
from tests.shipped import shipped

CATALOG = shipped()
DEBIAN = Facts(family="debian", tools=("df", "du", "journalctl", "systemctl", "ss", "cat", "tail"))


def settled(said: SaidCheck, *seen: Observation, facts: Facts = DEBIAN) -> NextCheck | str:
    return Checks(CATALOG, Ticket(text="t"), facts, seen)(said)


def probe(name: str, **values: str) -> SaidCheck:
    return SaidCheck(
        probe=name, values=tuple(SaidValue(name=key, value=value) for key, value in values.items()), why="w"
    )


def test_a_probe_is_filled_and_made_canonical() -> None:
    offered = settled(probe("unit-status", unit="nginx"))
    assert isinstance(offered, NextCheck)
    assert offered.argv[0] == "systemctl"
    assert "nginx.service" in offered.argv
    assert (offered.tier, offered.probe, offered.why) == ("A", "unit-status", "w")


def test_a_command_is_what_the_policy_makes_of_it_with_its_tier() -> None:
    offered = settled(SaidCheck(argv=("df", "-h", "/srv")))
    assert isinstance(offered, NextCheck)
    assert (offered.argv, offered.tier, offered.probe) == (("df", "-h", "--", "/srv"), "A", "")
    asks = settled(SaidCheck(argv=("ping", "-c", "1", "db-02")))
    assert isinstance(asks, NextCheck)
    assert asks.tier == "C"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (probe("no-such-probe"), "no-such-probe: there is no such probe"),
        (probe("disk"), "disk: a check is one probe of it: disk-space, "),
        (probe("unit-status"), "unit-status: it needs a unit"),
        (probe("unit-status", unit="--host=evil"), "evil"),
        (probe("unit-status", unit="x; touch /tmp/x"), "touch"),
        (probe("named-file", path="/etc/shadow"), "/etc/shadow"),
        (probe("smart", device="sda"), "the host has no smartctl"),
        (SaidCheck(argv=("rm", "-rf", "/")), "rm -rf /: "),
        (SaidCheck(argv=("sh", "-c", "df")), "sh -c df: "),
        (SaidCheck(), "no command was given"),
    ],
)
def test_what_cannot_be_run_is_told_with_the_reason(said: SaidCheck, reason: str) -> None:
    told = settled(said)
    assert isinstance(told, str)
    assert reason in told


def test_a_command_beside_an_unknown_probe_still_counts() -> None:
    offered = settled(SaidCheck(probe="df", argv=("df", "-h")))
    assert isinstance(offered, NextCheck)
    assert offered.argv == ("df", "-h")


def test_what_was_run_and_answered_is_not_offered_again_and_what_failed_is() -> None:
    said = SaidCheck(argv=("df", "-h"))
    assert settled(said, observation(4, "x", "df", "-h")) == "df -h: it was run already, see E4"
    assert isinstance(settled(said, observation(4, "", "df", "-h", outcome=Outcome.TIMEOUT)), NextCheck)


@pytest.mark.parametrize("text", TEXTS)
def test_bait_in_a_check_is_refused_or_harmless_and_told_in_clean_text(text: str) -> None:
    baits = [
        SaidCheck(argv=(text[:160],)),
        SaidCheck(argv=("cat", text[:160])),
        SaidCheck(argv=tuple(word[:160] for word in text.split()[:24])),
        probe(text[:60]),
        probe("unit-status", unit=text[:160]),
        probe("named-file", path=f"/{text[:150]}"),
    ]
    for said in baits:
        told = settled(said)
        if isinstance(told, str):
            assert FORBIDDEN.search(told) is None
            assert "\n" not in told
        else:
            verdict = check(told.argv)
            assert verdict.command is not None
            assert (verdict.argv, verdict.tier) == (told.argv, told.tier)
            assert not any("PWNED" in word and "/" in word for word in told.argv)


def test_every_probe_is_named_once_with_the_values_it_needs() -> None:
    names = probe_names(CATALOG)
    assert "unit-journal(unit)" in names
    assert "disk-space" in names
    assert len(names) == len(set(names)) == len(CATALOG.probes)
    assert "journal-warnings" in names, "the window is not the model's to fill"
