"""The recording that ships: whole, allowed by the policy, true to its incident, and free of what must not leave a machine."""

from __future__ import annotations

import re
import socket
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.demo.recording import COMMANDS_FILE, Recording, as_output, load, output_bytes, save, ticket_text
from tai.errors import ConfigError
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import parse_probe
from tai.text import Redactor, clean
from tai.ticket import parse

from .conftest import FOLDER


def everything(recording: Recording) -> str:
    outputs = [
        recording.probe,
        *(part for command in recording.commands for part in (command.stdout, command.stderr)),
    ]
    return "\n".join(output_bytes(output).decode(errors="replace") for output in outputs)


@given(st.binary() | st.text().map(str.encode))
def test_every_output_comes_back_byte_for_byte(data: bytes) -> None:
    assert output_bytes(as_output(data)) == data


def test_a_recording_that_was_saved_loads_as_it_was(recording: Recording, tmp_path: Path) -> None:
    save(recording, tmp_path)
    assert load(tmp_path) == recording
    assert (tmp_path / COMMANDS_FILE).read_bytes() == (FOLDER / COMMANDS_FILE).read_bytes()


def test_every_recorded_command_passes_the_policy_as_it_stands(recording: Recording) -> None:
    argvs = [command.argv for command in recording.commands]
    assert len(argvs) > 100
    assert argvs == sorted(set(argvs))
    for argv in argvs:
        assert ReadOnlyCommand(argv).argv == argv


def test_the_probe_was_answered_in_full_by_a_debian_12_without_root(recording: Recording) -> None:
    probe = parse_probe(output_bytes(recording.probe).decode())
    assert probe.complete
    assert probe.os_release["ID"] == "debian"
    assert probe.os_release["VERSION_ID"] == "12"
    assert probe.euid not in {0, None}
    assert probe.node == recording.host
    assert probe.now_epoch == recording.recorded_at.timestamp()


def test_the_lines_that_prove_the_cause_are_in_the_recording(recording: Recording) -> None:
    truth = tomllib.loads((FOLDER.parent / "incident.toml").read_text())
    lines = everything(recording).splitlines()
    for pattern in truth["proving"]:
        assert any(re.search(pattern, line) for line in lines), pattern


def test_the_ticket_tells_symptoms_host_and_time_but_not_the_cause(recording: Recording) -> None:
    text = ticket_text(FOLDER)
    ticket = parse(text, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert recording.host in ticket.hosts
    assert ticket.window.since is not None
    assert ticket.window.since < recording.recorded_at
    truth = tomllib.loads((FOLDER.parent / "incident.toml").read_text())
    assert [word for word in truth["keywords"] if word.lower() in text.lower()] == []


def test_the_recording_holds_no_secret(recording: Recording) -> None:
    found = {
        kind: count
        for command in recording.commands
        for output in (command.stdout, command.stderr)
        for kind, count in clean(
            output_bytes(output), producer=" ".join(command.argv), redactor=Redactor()
        ).redactions.items()
    }
    assert found == {}


@pytest.mark.parametrize(
    "trace",
    [
        "-" * 5 + "BEGIN",
        "/work/",
        "/root/.cache",
        "/tmp/tai-",
        "firecracker",
        "vm-fixtures",
        "pyenv",
        "http_proxy",
        f"{Path(__file__).parents[2]}/",
    ],
)
def test_the_recording_shows_nothing_of_the_machine_it_was_made_on(recording: Recording, trace: str) -> None:
    assert trace not in everything(recording)


def test_the_recording_names_its_own_host_only(recording: Recording) -> None:
    outside = socket.gethostname()
    if len(outside) < 4:
        pytest.skip(f"this machine is called {outside!r}, which says nothing")
    assert re.search(rf"\b{re.escape(outside)}\b", everything(recording)) is None


def test_the_recording_is_small_enough_to_review_and_to_ship() -> None:
    assert (FOLDER / COMMANDS_FILE).stat().st_size < 700_000


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"commands\.json: the recording cannot be read \(No such file"):
        load(tmp_path)
    with pytest.raises(ConfigError, match=r"ticket\.md: the ticket cannot be read \(No such file"):
        ticket_text(tmp_path)


def test_a_recording_of_another_form_is_refused_with_the_key_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / COMMANDS_FILE).write_text('{"incident": 7}')
    with pytest.raises(ConfigError, match=r"commands\.json: incident: Input should be a valid string"):
        load(tmp_path)
