"""The policy against lists of somebody who set out to break it, and of somebody who only wants to work.

The lists are data in `frozen/`, reviewed line by line: `red_team_refused.txt`, `red_team_asked.txt`,
`red_team_through.toml`, `everyday.txt`, `everyday_refused.toml`. The shared lists are in `test_corpus.py`.
"""

from __future__ import annotations

import ast
import shlex
import tomllib

import pytest

from tai.errors import PolicyRefusal
from tai.policy import Tier, Verdict, check
from tai.policy.line import propose
from tests.policy.test_corpus import FROZEN, accepted, verdicts

REVIEWED = {"red_team_refused.txt": 1656, "red_team_asked.txt": 106, "everyday.txt": 331}


def lines_of(name: str) -> list[str]:
    """The lines of a frozen list without its headings; a line that starts with a quote is a Python string literal."""
    lines = (FROZEN / name).read_text(encoding="utf-8").splitlines()
    return [
        str(ast.literal_eval(line)) if line[0] in "'\"" else line
        for line in lines
        if line and not line.startswith("# ")
    ]


def entries_of(name: str) -> list[dict[str, object]]:
    entries = tomllib.loads((FROZEN / name).read_text(encoding="utf-8"))["line"]
    assert isinstance(entries, list)
    return entries


def said(verdict: Verdict) -> str:
    return "refused" if verdict.tier is None else f"{verdict.tier}: {shlex.join(verdict.argv)}"


def test_lists_are_as_long_as_was_reviewed() -> None:
    counts = {
        name: len(lines_of(name)) for name in ("red_team_refused.txt", "red_team_asked.txt", "everyday.txt")
    }
    assert counts == REVIEWED


@pytest.mark.parametrize("line", lines_of("red_team_refused.txt"))
def test_hostile_line_is_refused_in_whole_and_in_every_part(line: str) -> None:
    assert [said(verdict) for verdict in verdicts(line) if verdict.decision != "refuse"] == []


@pytest.mark.parametrize("line", lines_of("red_team_asked.txt"))
def test_file_that_may_hold_credentials_is_never_read_unasked(line: str) -> None:
    (verdict,) = verdicts(line)
    assert verdict.tier is Tier.B
    assert "may hold credentials" in verdict.reason


@pytest.mark.parametrize("entry", entries_of("red_team_through.toml"), ids=lambda entry: str(entry["typed"]))
def test_hostile_line_that_goes_through_becomes_what_was_reviewed(entry: dict[str, object]) -> None:
    assert [said(verdict) for verdict in verdicts(str(entry["typed"]))] == entry["becomes"]
    assert entry["reason"]


def test_everyday_lines_are_allowed_or_asked_and_refusals_are_the_reviewed_ones() -> None:
    lines = lines_of("everyday.txt")
    offered: dict[str, str] = {}
    for line in lines:
        if accepted(line):
            continue
        try:
            offered[line] = next(v.nearest for v in map(check, (p.argv for p in propose(line))) if not v.tier)
        except PolicyRefusal as refusal:
            offered[line] = refusal.nearest
    assert offered == tomllib.loads((FROZEN / "everyday_refused.toml").read_text(encoding="utf-8"))
    assert len(offered) <= len(lines) * 0.15
    assert sum(not nearest for nearest in offered.values()) <= len(lines) * 0.02


def test_copy_of_a_secret_is_as_secret_as_the_file() -> None:
    for path in (
        "/etc/shadow",
        "/etc/sudoers",
        "/etc/ssl/x.key",
        "/etc/app/.env",
        "/etc/ssh/ssh_host_rsa_key",
    ):
        folder, _, name = path.rpartition("/")
        for copy in (f"{path}~", f"{path}.bak", f"{path}.dpkg-old", f"{path}.rpmsave.gz", f"{path}.20261121"):
            assert check(["cat", copy]).decision == "refuse", copy
        assert check(["cat", f"{folder}/.{name}.swp"]).decision == "refuse"


def test_reading_attributes_of_configuration_asks_nobody() -> None:
    assert check(["stat", "/etc/grafana/grafana.ini"]).tier is Tier.A
    assert check(["ls", "-l", "/opt/app/conf/settings.xml"]).tier is Tier.A
