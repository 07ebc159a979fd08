"""The man page and the completions as `make dist-docs` writes them: read by the programs that will read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tai.cli import cli
from tai.settings import Settings
from tests.test_help import commands

ROOT = Path(__file__).parents[2]
CONFIG = """\
Host web-01 web-02
    User ops
Host *.lab !bad
Include more/*
Match host x
"""
KNOWN = """\
db-01,192.0.2.7 ssh-ed25519 AAAA
[far-01]:2222 ssh-ed25519 AAAA
|1|c2FsdA==|ZGlnZXN0 ssh-ed25519 AAAA
@revoked old-01 ssh-ed25519 AAAA
"""


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: apt-get install {' '.join(missing)}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "build/manual.py", str(folder)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1767225600"},
    )
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose ssh knows some hosts."""
    ssh = tmp_path / ".ssh"
    (ssh / "more").mkdir(parents=True)
    (ssh / "config").write_text(CONFIG)
    (ssh / "more" / "rack").write_text("Host=rack-7\n")
    (ssh / "known_hosts").write_text(KNOWN)
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TAI_", "XDG_", "COMP_"))
    }
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "HOME": str(home), "PATH": place, "PYTHONPATH": str(ROOT), "TERM": "dumb"}


def page(made: Path) -> Path:
    return made / "man" / "man1" / "tai.1"


@needs("man", "groff")
def test_man_shows_the_page_without_a_warning_and_with_every_command_and_variable(made: Path) -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", str(page(made))],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""},
    )
    assert done.stderr == ""
    words = " ".join(done.stdout.split())
    for names, command in commands(cli):
        if not hasattr(command, "commands"):
            assert f" tai {' '.join(names)} " in words, names
    for name in Settings.model_fields:
        assert f" TAI_{name.upper()} " in words
    assert "2026-01-01" in words, "the date is that of SOURCE_DATE_EPOCH"


@needs("mandoc")
def test_mandoc_finds_nothing_to_warn_of(made: Path) -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", str(page(made))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        pytest.param("bash", "tai.bash", marks=needs("bash")),
        pytest.param("zsh", "_tai", marks=needs("zsh")),
        pytest.param("fish", "tai.fish", marks=needs("fish")),
    ],
)
def test_each_shell_can_read_its_script(made: Path, shell: str, script: str) -> None:
    done = subprocess.run(
        [shell, "-n", str(made / "completions" / script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def bash(made: Path, home: Path) -> Iterator[pexpect.spawn[str]]:
    child = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile"],
        env={**environment(home), "PS1": "ready> ", "INPUTRC": "/dev/null"},
        encoding="utf-8",
        timeout=30,
        dimensions=(60, 100),
    )
    child.expect_exact("ready> ")
    child.sendline(
        f"bind 'set enable-bracketed-paste off'; source {made / 'completions' / 'tai.bash'}; echo read"
    )
    child.expect_exact("read\r\n")
    child.expect_exact("ready> ")
    yield child
    child.close(force=True)


@needs("bash")
@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("tai diag", "tai diagnose "),
        ("tai diagnose db", "tai diagnose db-01 "),
        ("tai diagnose web-01 far", "tai diagnose web-01 far-01 "),
        ("tai -J rack", "tai -J rack-7 "),
        ("tai doctor rack", "tai doctor rack-7 "),
        ("tai collect web-01 disk-lat", "tai collect web-01 disk-latency "),
        ("tai diagnose web-01 --collect disk-lat", "tai diagnose web-01 --collect disk-latency "),
        ("tai help read", "tai help read-only "),
        ("tai help policy sudo", "tai help policy sudoers "),
        ("tai diagnose --ignore", "tai diagnose --ignore-ssh-config "),
    ],
)
def test_tab_completes_in_a_real_bash(bash: pexpect.spawn[str], typed: str, becomes: str) -> None:
    bash.send(f"{typed}\t")
    bash.expect_exact(becomes)


@needs("bash")
def test_tab_twice_lists_the_hosts_of_ssh_and_no_pattern_hash_or_revoked_name(
    bash: pexpect.spawn[str],
) -> None:
    bash.send("tai diagnose \t\t")
    bash.expect_exact("ready> tai diagnose ")  # the prompt is drawn again below the list
    listed = set((bash.before or "").split())
    assert {"web-01", "web-02", "rack-7", "db-01", "192.0.2.7", "far-01"} <= listed
    assert not any(name.startswith(("*", "!", "|", "old", "x")) for name in listed)


@needs("fish")
def test_fish_offers_the_same(made: Path, home: Path) -> None:
    script = f"source {made / 'completions' / 'tai.fish'}; complete -C 'tai diagnose '"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment(home),
    )
    assert {"web-01", "rack-7", "db-01"} <= set(done.stdout.split())
