"""`tai policy …` and `tai collectors …`: what a reviewer reads and what a script gets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tai.errors import EXIT_OK, EXIT_USAGE, ConfigError, InputError, PolicyRefusal
from tai.frontends import listings
from tai.policy import catalogue

VISUDO = shutil.which("visudo", path="/usr/sbin:/usr/bin:/sbin:/bin")

COLLECTOR = """\
name = "mine"
title = "My own"
category = "disk"

[[probe]]
id = "my-probe"
title = "Rules of the firewall"
argv = ["nft", "-j", "list", "tables"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "collectors").mkdir()
    (tmp_path / "collectors" / "mine.toml").write_text(COLLECTOR)
    file = tmp_path / "config.toml"
    file.write_text(f'collectors_dir = "{tmp_path / "collectors"}"\n')
    return file


def verdicts(capsys: pytest.CaptureFixture[str], *lines: str) -> tuple[int, list[dict[str, object]]]:
    status = listings.policy_check([f"{line}\n" for line in lines], as_json=True)
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_line_gets_a_verdict_with_tier_canonical_argv_reason_and_nearest_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, (allowed, asked, refused) = verdicts(capsys, "df -hT", "du -sh /var", "dmesg -c")
    assert status == EXIT_USAGE
    assert (allowed["verdict"], allowed["tier"], allowed["argv"]) == ("allow", "A", ["df", "-h", "-T"])
    assert (asked["verdict"], asked["tier"]) == ("ask", "B")
    assert "walks the whole directory tree" in str(asked["reason"])
    assert (refused["verdict"], refused["tier"], refused["argv"]) == ("refuse", None, None)
    assert refused["nearest"] == "dmesg"


def test_commands_of_one_line_are_judged_apart_and_empty_lines_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, made = verdicts(capsys, "", "uptime; free -m", "   ", "ps aux | grep nginx | head -3")
    assert status == EXIT_OK
    assert [each["argv"] for each in made][:2] == [["uptime"], ["free", "-m"]]
    assert len(made) == 3


def test_refused_line_is_shown_without_its_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert listings.policy_check(["df \x1b[31m\u202e"], as_json=False) == EXIT_USAGE
    out = capsys.readouterr().out
    assert out.startswith("refuse  ")
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_catalogue_is_listed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert listings.policy_list() == EXIT_OK
    out = capsys.readouterr().out
    assert all(name in out for name in catalogue().programs)


@pytest.mark.skipif(VISUDO is None, reason="visudo is not installed: apt-get install sudo")
@pytest.mark.skipif(os.geteuid() != 0, reason="visudo checks the owner of a fragment: needs root")
def test_sudoers_fragment_passes_the_real_visudo_with_the_users_own_collectors_in_it(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    assert VISUDO is not None
    assert listings.policy_sudoers("tai-bot", config) == EXIT_OK
    text = capsys.readouterr().out
    assert "/usr/sbin/nft -j list tables" in text
    assert "/usr/sbin/nft list ruleset" in text, "and what the shipped collectors send"
    assert "tai-bot ALL=(root)" in text
    done = subprocess.run([VISUDO, "-c", "-f", "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_sudoers_fragment_for_no_account_name_is_refused(config: Path) -> None:
    with pytest.raises(PolicyRefusal, match="account name"):
        listings.policy_sudoers("ALL", config)


def test_collectors_are_listed_with_the_users_own_and_one_is_shown(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    assert listings.collectors(config) == EXIT_OK
    out = capsys.readouterr().out
    assert "my-probe" in out
    assert "disk-space" in out
    assert listings.collector("mine", config) == EXIT_OK
    assert "nft -j list tables" in capsys.readouterr().out
    with pytest.raises(InputError, match="there is no collector 'nine'"):
        listings.collector("nine", config)


def test_collector_that_is_not_read_only_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, config: Path
) -> None:
    bad = tmp_path / "mine.toml"
    bad.write_text(COLLECTOR.replace('"-j", "list", "tables"', '"flush", "ruleset"'))
    good = tmp_path / "collectors" / "mine.toml"
    assert listings.check_files([good, bad], config) == EXIT_USAGE
    said = capsys.readouterr()
    assert said.out == f"{good}: good, 1 probe (1 ticket), 0 signatures, 0 cases\n"
    assert f"{bad}:8: probe(my-probe).argv: the read-only policy does not allow it: nft flush" in said.err
    good.write_text(bad.read_text())
    with pytest.raises(ConfigError, match=r"mine\.toml:8"):
        listings.collectors(config)
