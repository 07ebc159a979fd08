"""Lists of command lines against the whole way from a typed line to a verdict: attacks, and everyday ones.

The two shared lists are read from TAI_DATA; our own attacks, which go further, are in `test_corpus_attacks.py`.
"""

from __future__ import annotations

import ast
import os
import shlex
import tomllib
from pathlib import Path

import pytest

from tai.errors import PolicyRefusal
from tai.policy import Verdict, canonicalise, check
from tai.policy.line import propose

FROZEN = Path(__file__).parent / "frozen"
DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "policy"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared lists are not here: set TAI_DATA")


def listed(name: str) -> list[str]:
    """The lines of a shared list; one that starts with a quote is a Python string literal."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [str(ast.literal_eval(line)) if line[0] in "'\"" else line for line in lines if line]


def frozen(name: str) -> list[dict[str, object]]:
    entries = tomllib.loads((FROZEN / name).read_text(encoding="utf-8"))["line"]
    assert isinstance(entries, list)
    return entries


def verdicts(line: str) -> list[Verdict]:
    """One verdict for each command that the line holds; none when the lexer refuses the whole line."""
    try:
        proposals = propose(line)
    except PolicyRefusal:
        return []
    return [check(proposal.argv) for proposal in proposals]


def accepted(line: str) -> bool:
    found = verdicts(line)
    return bool(found) and all(verdict.decision != "refuse" for verdict in found)


@needs_data
def test_no_attack_is_accepted_but_those_that_are_neutralised() -> None:
    through = {line for line in listed("refuse.txt") if accepted(line)}
    assert through == {entry["typed"] for entry in frozen("neutralised.toml")}


@needs_data
def test_no_part_of_an_attack_is_accepted_either() -> None:
    through = {
        line
        for line in listed("refuse.txt")
        if any(verdict.decision != "refuse" for verdict in verdicts(line))
    }
    assert through == {entry["typed"] for entry in frozen("neutralised.toml")}


@pytest.mark.parametrize("entry", frozen("neutralised.toml"), ids=lambda entry: str(entry["typed"]))
def test_neutralised_line_becomes_what_was_reviewed(entry: dict[str, object]) -> None:
    assert [shlex.join(verdict.argv) for verdict in verdicts(str(entry["typed"]))] == entry["becomes"]
    assert entry["reason"]


@needs_data
def test_everyday_lines_are_allowed_or_asked() -> None:
    lines = listed("allow.txt")
    refused = {line for line in lines if not accepted(line)}
    assert refused == {entry["typed"] for entry in frozen("refused_everyday.toml")}
    assert len(refused) <= len(lines) * 0.1


def test_every_refusal_of_an_everyday_line_has_a_reason() -> None:
    for entry in frozen("refused_everyday.toml"):
        assert entry["reason"]
        assert not accepted(str(entry["typed"]))


@pytest.mark.parametrize(
    ("typed", "becomes"), tomllib.loads((FROZEN / "canonical.toml").read_text(encoding="utf-8")).items()
)
def test_canonical_form_is_as_frozen(typed: str, becomes: str) -> None:
    assert shlex.join(canonicalise(shlex.split(typed)).argv) == becomes
