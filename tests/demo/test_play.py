"""`tai demo` as a person runs it: the ordinary path to a diagnosis of the recorded incident, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tai.events import Diagnosed, Event, HostConnected, Noted, ObservationMade, decode
from tai.model import Diagnosis, Outcome
from tai.record import FILE_NAME, verify

from .conftest import FOLDER


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def played(home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp")}
    (home / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "tai", "demo", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.fixture(scope="module")
def events(played: subprocess.CompletedProcess[str]) -> list[Event]:
    return [decode(line).event for line in played.stdout.splitlines()]


@pytest.fixture(scope="module")
def diagnosis(events: list[Event]) -> Diagnosis:
    return next(event.diagnosis for event in reversed(events) if isinstance(event, Diagnosed))


def test_it_ends_with_a_root_cause_and_status_0(
    played: subprocess.CompletedProcess[str], diagnosis: Diagnosis
) -> None:
    assert (played.returncode, played.stderr) == (0, "")
    assert diagnosis.outcome == "root_cause"


def test_it_names_the_true_cause_and_no_false_one(diagnosis: Diagnosis) -> None:
    truth = tomllib.loads((FOLDER.parent / "incident.toml").read_text())
    said = " ".join([diagnosis.cause, *(claim.text for claim in diagnosis.claims)])
    assert "/var/log/shop/shop.log" in said
    assert "postgresql@15-main.service" in said
    assert [word for word in truth["forbidden"] if word in diagnosis.cause] == []


def test_every_quote_stands_in_what_the_host_printed(events: list[Event], diagnosis: Diagnosis) -> None:
    seen = {event.observation.id: event.observation for event in events if isinstance(event, ObservationMade)}
    quotes = [quote for claim in diagnosis.claims for quote in claim.quotes]
    assert len(quotes) > 3
    for quote in quotes:
        assert seen[quote.observation].lines[quote.line - 1] == quote.text


def test_every_command_that_was_planned_had_been_recorded(events: list[Event]) -> None:
    seen = [event.observation for event in events if isinstance(event, ObservationMade)]
    assert len(seen) > 30
    assert [each.source for each in seen if "not recorded" in each.text + each.reason] == []
    cut_short = {Outcome.TIMEOUT, Outcome.DISCONNECTED, Outcome.INTERRUPTED}
    assert [each.source for each in seen if each.outcome in cut_short] == []
    # The only refusal is one that a person at the prompt could lift; nobody is there to ask in `tai demo`.
    refused = [each.reason for each in seen if each.outcome is Outcome.REFUSED]
    assert [reason for reason in refused if "a person has to agree" not in reason] == []


def test_it_says_that_it_is_a_recording_and_the_clock_raises_no_doubt(events: list[Event]) -> None:
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert any("is a recording of" in note for note in notes)
    host = next(event.host for event in events if isinstance(event, HostConnected))
    assert host.name == "shop-01"
    assert host.facts.clock_offset_s is not None
    assert abs(host.facts.clock_offset_s) < 60


def test_it_leaves_the_session_and_nothing_else(played: subprocess.CompletedProcess[str], home: Path) -> None:
    (record,) = home.rglob(FILE_NAME)
    left = [path for path in home.rglob("*") if path.is_file() and record.parent not in path.parents]
    assert left == [], "the session's folder holds it all"
    kept = {path.name for path in record.parent.iterdir()}
    assert kept == {FILE_NAME, "outputs", "report.md", "report.html"}
    assert verify(record.read_text().splitlines()) is None
    assert not (home / ".ssh").exists()
    assert list((home / "tmp").iterdir()) == []
