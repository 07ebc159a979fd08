"""Every recorded incident is diagnosed again, and what tai says is judged as `make incidents` does: no host is started.

What is missed is listed here with the step that lost it, so that a gain shows as well as a loss does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tai.catalog import Catalog, load_catalog
from tai.demo.recording import output_bytes, ticket_text
from tai.engine.prompt import Templates, load_templates
from tai.policy import ReadOnlyCommand
from tai.resources import folder
from tai.text import Redactor, clean

sys.path.insert(0, str(Path(__file__).parents[2] / "vm-fixtures"))  # a folder of scripts, not a package

import incident
import packed
import replay
from tap import names_the_outside

if TYPE_CHECKING:
    from judge import Judged

NAMES = [name for name in incident.names() if packed.is_recorded(incident.FOLDER / name / "recording")]
MISSED: dict[str, str] = {}
"""Incidents that tai does not answer rightly yet, with the step that loses them."""
MISLED: set[str] = set()
"""Those of them for which it names a wrong cause; issue 9 wants none."""
RIGHT_OUTCOMES = 43
"""Of all; issue 9 wants 26 of 30."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    shipped = folder("collectors")
    return load_catalog([shipped], proven=shipped)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates([folder("prompts")])


@pytest.fixture(scope="module")
def verdicts(catalog: Catalog, templates: Templates) -> dict[str, Judged]:
    return {name: replay.replay(name, catalog, templates)[1] for name in NAMES}


def test_at_least_thirty_incidents_are_recorded_six_of_them_with_nothing_wrong() -> None:
    outcomes = [incident.load(name).outcome for name in NAMES]
    assert len(outcomes) >= 30
    assert outcomes.count("healthy") >= 6


@pytest.mark.timeout(300)  # 43 replays, half a minute of one processor that others may want as well
def test_nobody_is_misled_but_by_those_on_record_and_no_healthy_host_has_a_grave_finding(
    verdicts: dict[str, Judged],
) -> None:
    assert {name for name, judged in verdicts.items() if judged.misleads} == MISLED
    healthy = {
        name: judged.graver for name, judged in verdicts.items() if incident.load(name).outcome == "healthy"
    }
    assert set(healthy.values()) == {()}
    assert sum(judged.outcome_right for judged in verdicts.values()) >= RIGHT_OUTCOMES


@pytest.mark.timeout(300)  # 43 replays, half a minute of one processor that others may want as well
def test_every_incident_is_answered_rightly_but_for_those_on_record(verdicts: dict[str, Judged]) -> None:
    assert {name: judged.lost for name, judged in verdicts.items() if not judged.right} == MISSED


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_allowed_by_the_policy_and_shows_no_secret_and_nothing_of_its_machine(
    name: str,
) -> None:
    recording = packed.load_recording(incident.FOLDER / name / "recording")
    assert recording.incident == name
    for command in recording.commands:
        assert ReadOnlyCommand(command.argv).argv == command.argv
        for output in (command.stdout, command.stderr):
            said = output_bytes(output)
            assert not names_the_outside(said), command.argv
            cleaned = clean(said, producer=" ".join(command.argv), redactor=Redactor())
            assert cleaned.redactions == {}, command.argv


@pytest.mark.parametrize("name", NAMES)
def test_a_ticket_tells_symptoms_and_not_the_line_that_proves_the_cause(name: str) -> None:
    truth = incident.load(name)
    ticket = ticket_text(incident.FOLDER / name / "recording")
    assert f"Host: {truth.host.name}" in ticket
    assert [pattern for pattern in truth.proving if re.search(pattern, ticket)] == []


def test_the_recordings_are_small_enough_to_keep() -> None:
    files = [path for path in incident.FOLDER.glob("*/recording/*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 5_000_000
