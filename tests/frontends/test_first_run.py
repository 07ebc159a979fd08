"""The first screen: five lines that fit what this machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.frontends.first_run import welcome


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def test_without_key_and_model_both_are_named_with_what_to_do(tmp_path: Path) -> None:
    lines = welcome(model=False, home=tmp_path).splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) < 80
    assert "ssh-keygen -t ed25519" in lines[2]
    assert "tai help models" in lines[3]


@pytest.mark.parametrize("there", ["id_ed25519", "id_rsa", "config", "an agent"])
def test_where_there_may_be_a_key_the_way_to_the_host_is_named_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    (tmp_path / ".ssh").mkdir()
    if there == "an agent":
        monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    else:
        (tmp_path / ".ssh" / there).touch()
    lines = welcome(model=True, home=tmp_path).splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) < 80
    assert "tai doctor HOST" in lines[2]
    assert "ssh-keygen" not in "".join(lines)
    assert "No model" not in "".join(lines)
