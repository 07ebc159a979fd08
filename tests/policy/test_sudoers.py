"""The sudoers fragment: read by the real visudo, and exact in what it grants."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tai.errors import PolicyRefusal
from tai.policy.catalogue import catalogue
from tai.policy.grammar import canonicalise
from tai.policy.sudoers import fragment, grantable

VISUDO = shutil.which("visudo", path="/usr/sbin:/usr/bin:/sbin:/bin")


def granted(text: str) -> list[str]:
    """The command lines of a fragment."""
    _, _, commands = text.partition("NOSETENV: \\\n")
    return [line.strip().removesuffix(", \\") for line in commands.splitlines()]


@pytest.mark.skipif(VISUDO is None, reason="visudo is not installed: apt-get install sudo")
@pytest.mark.skipif(os.geteuid() != 0, reason="visudo checks the owner of a fragment: needs root")
def test_visudo_accepts_the_fragment_for_the_whole_catalogue(tmp_path: Path) -> None:
    assert VISUDO is not None
    file = tmp_path / "tai"
    file.write_text(fragment("tai", grantable()))
    file.chmod(0o440)
    done = subprocess.run([VISUDO, "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_defaults_hold_for_that_account_only() -> None:
    text = fragment("tai", grantable())
    assert "Defaults:tai !requiretty, env_reset, !setenv\n" in text
    assert "tai ALL=(root) NOPASSWD: NOEXEC: NOSETENV: \\\n" in text


def test_every_grant_is_one_exact_command_with_an_absolute_path() -> None:
    lines = granted(fragment("tai", grantable()))
    paths = {program.sudo for program in catalogue().programs.values() if program.sudo}
    assert {line.split(" ")[0] for line in lines} == paths
    assert all(line.startswith("/") and " " in line for line in lines)
    unescaped = [line for line in lines if any(sign in line.replace(f"\\{sign}", "") for sign in "*?[]!")]
    assert unescaped == []


def test_command_without_arguments_is_granted_without_arguments() -> None:
    command = dataclasses.replace(canonicalise(["nft", "list", "ruleset"]), argv=("nft",))
    assert granted(fragment("tai", [command])) == [f'{command.program} ""']


def test_special_characters_of_sudoers_are_escaped() -> None:
    command = canonicalise(["nft", "list", "ruleset"])
    odd = dataclasses.replace(command, argv=("nft", "a,b:c=d", "x*?[1]", "!y#"))
    assert granted(fragment("tai", [odd])) == [f"{command.program} a\\,b\\:c\\=d x\\*\\?\\[1\\] \\!y\\#"]


@pytest.mark.parametrize("word", ["^x$", "a\\b", "a b", 'a"b', "a\nb", "a'b", "ALL%\t", ""])
def test_argument_that_cannot_be_written_exactly_is_refused(word: str) -> None:
    odd = dataclasses.replace(canonicalise(["nft", "list", "ruleset"]), argv=("nft", word))
    with pytest.raises(PolicyRefusal, match="exactly"):
        fragment("tai", [odd])


@pytest.mark.parametrize("user", ["ALL", "%wheel", "#0", "a b", "a,b", "", "-x", "tai\n", "a=b"])
def test_account_name_that_sudoers_reads_otherwise_is_refused(user: str) -> None:
    with pytest.raises(PolicyRefusal, match="account name"):
        fragment(user, grantable())


def test_command_that_is_not_marked_for_sudo_is_refused() -> None:
    with pytest.raises(PolicyRefusal, match="not marked"):
        fragment("tai", [canonicalise(["uptime"])])


def test_nothing_to_grant_is_refused() -> None:
    with pytest.raises(PolicyRefusal, match="no command"):
        fragment("tai", [])
