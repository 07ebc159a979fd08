"""docs/headless.md is true: its jq programs run on a real run, its kinds and exit statuses are the code's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from tai import errors
from tai.bus import Bus
from tai.events import Event
from tai.frontends.jsonl import JsonLines
from tests.frontends.story import story

PAGE = (Path(__file__).parents[2] / "docs" / "headless.md").read_text()
PROGRAMS = re.findall(r"^(jq .*run\.ndjson)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the lines of the demo's real run."""
    folder = tmp_path_factory.mktemp("headless")
    done = subprocess.run(
        [sys.executable, "-m", "tai", "demo", "--json"],
        env={"PATH": "/usr/bin:/bin", "TAI_STATE_DIR": str(folder / "state"), "HOME": str(folder)},
        capture_output=True,
        check=True,
        timeout=55,
    )
    (folder / "run.ndjson").write_bytes(done.stdout)
    # The demo's host answers everything; the one of the story does not.
    (folder / "other").mkdir()
    with (folder / "other" / "run.ndjson").open("w") as file:
        bus = Bus("s", [JsonLines(file)])
        for event in story():
            bus.emit(event)
    return folder


def test_there_are_examples() -> None:
    assert len(PROGRAMS) == PAGE.count("\njq ") == 7


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq: apt-get install jq")
@pytest.mark.parametrize("program", PROGRAMS)
def test_each_jq_example_finds_something_in_a_real_run(run: Path, program: str) -> None:
    told = ""
    for folder in (run, run / "other"):
        done = subprocess.run(["sh", "-c", program], cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        told += done.stdout
    assert told.strip()
    assert "null" not in told


def test_every_kind_of_event_is_named() -> None:
    kinds = {each.model_fields["kind"].default for each in get_args(Event)}
    table = PAGE[PAGE.index("| kind |") : PAGE.index("### With jq")]
    assert set(re.findall(r"`(\w+)`", table)) == kinds


def test_every_exit_status_is_named() -> None:
    statuses = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(n) for n in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == statuses
