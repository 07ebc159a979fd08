"""docs/writing-collectors.md is true: its examples are good, its steps work on a real host, and it names every key there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from tai.catalog import model
from tai.catalog.guide import filled
from tai.parsers.journal import ENTRY_FIELDS
from tests.run_tai import Tai, tai
from tests.sshd import Sshd, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]

PAGE = Path(__file__).parents[2] / "docs" / "writing-collectors.md"
GUIDE = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
# What stands in the guide in another form: tables and lists of their own.
_TOLD_OTHERWISE = {
    "variants": "[[probe.variant]]",
    "cases": "[[signature.case]]",
    "probes": "[[probe]]",
    "signatures": "[[signature]]",
    "match": "`match.line`",
}


def test_lists_that_code_knows_are_current() -> None:
    assert filled(GUIDE) == GUIDE, "make docs"


def test_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="no marks for slots"):
        filled("# A page")


@pytest.mark.parametrize(
    "kind",
    [model.Collector, model.Probe, model.When, model.Signature, model.Match, model.Case],
    ids=lambda kind: kind.__name__,
)
def test_every_key_is_named(kind: type[BaseModel]) -> None:
    for name in kind.model_fields:
        forms = [f"`{name} = ", _TOLD_OTHERWISE.get(name, f"`{name}`"), f"match.{name}`", f"\n{name} = "]
        assert any(form in GUIDE for form in forms), name


@pytest.mark.parametrize(
    "values",
    [
        get_args(each)
        for each in (model.Family, model.Init, model.TicketList, model.Op, model.Effect, model.Depth)
    ]
    + [tuple(f"{{{name}}}" for name in sorted(ENTRY_FIELDS))],
    ids=lambda values: values[0],
)
def test_every_value_is_named(values: tuple[str, ...]) -> None:
    assert [value for value in values if f"`{value}`" not in GUIDE and f'`"{value}"`' not in GUIDE] == []


def example(home: Path, text: str) -> Path:
    folder = home / ".config" / "tai" / "collectors"
    folder.mkdir(parents=True, exist_ok=True)
    (name, *_) = re.findall(r'name = "(.*?)"', text)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", EXAMPLES, ids=["queue", "spool"])
def test_example_is_good(tai: Tai, text: str) -> None:
    path = example(tai.home.path, text)
    done = tai("collectors", "check", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    if path.name == "queue.toml":
        assert done.stdout.removeprefix(str(path)) in GUIDE


def steps() -> list[str]:
    """The command lines of the walk through, in order."""
    walk = GUIDE.partition("## The first one")[2].partition("\n## ")[0]
    lines = re.findall(r"(?m)^    (?:\$ )?(mkdir .*|tai .*|echo .*)$", walk)
    assert len(lines) == 6, lines
    return lines


def test_steps_work_as_they_stand(tai: Tai, sshd: Sshd, tmp_path: Path) -> None:
    (tai.home.ssh / "config").write_text(
        f"Host web-01\n  HostName {sshd.address}\n  Port {sshd.port}\n  User {sshd.user}\n"
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "tai").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tai "$@"\n')
    (programs / "tai").chmod(0o755)
    root = str(PAGE.parents[1])
    environment = tai.environment | {"PATH": f"{programs}:{tai.environment['PATH']}", "PYTHONPATH": root}
    said = []
    for line in steps():
        done = subprocess.run(
            ["sh", "-c", line.replace("HOST", "web-01")],
            capture_output=True, text=True, cwd=tmp_path, env=environment, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
        said.append(done.stdout + done.stderr)
        if line.startswith("mkdir"):
            example(tai.home.path, EXAMPLES[0])
    _, checked, collected, _, diagnosed, planned = said
    assert "good, 1 probe (1 ticket), 1 signature, 2 cases" in checked
    assert "queue-log" in collected
    assert (
        "ROOT CAUSE  The relay relay.example.org does not take mail from this host (lines: 1)." in diagnosed
    )
    assert "--lines=500" in planned or "-u postfix.service" in planned


def test_second_example_follows_from_probe_to_probe(tai: Tai, sshd: Sshd) -> None:
    example(tai.home.path, EXAMPLES[1])
    done = tai("collect", *tai.at(sshd), "spool", "-v")
    assert done.returncode == 0, done.stderr
    assert "spool-space" in done.stdout + done.stderr
