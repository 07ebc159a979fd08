"""Accounts as people have them: every login shell that is installed, and start-up files that get in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tai.errors import HostError
from tai.policy import ReadOnlyCommand
from tai.transport.run import run
from tests.sshd import SshdFactory
from tests.transport.conftest import Dialler
from tests.transport.conftest import shell as typed

SHELLS = ("bash", "dash", "zsh", "tcsh", "fish", "ksh93", "mksh", "busybox")
AWKWARD = ReadOnlyCommand(["grep", "-F", "-e", "=x %self $HOME `id` {a,b} ~ *!", "/etc/hostname"])


def installed(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed here: apt-get install {shell.removesuffix('93')}")
    return path


def applet(directory: Path, shell: str) -> str:
    """busybox as a login shell goes by its applet's name."""
    path = installed(shell)
    if shell != "busybox":
        return path
    link = directory / "ash"
    link.symlink_to(path)
    return str(link)


@pytest.fixture
def account_home(tmp_path: Path) -> Path:
    home = tmp_path / "account"
    home.mkdir()
    return home


@pytest.mark.parametrize("shell", SHELLS)
async def test_commands_arrive_alike_through_every_login_shell(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path, tmp_path: Path, shell: str
) -> None:
    server = sshd_factory(shell=applet(tmp_path, shell), home=account_home)
    connection = await dial(server)
    assert connection.host.facts.kernel
    assert "fsize" in connection.sandbox.level
    done = await run(connection, ReadOnlyCommand(["uname", "-s"]))
    assert (done.exit, done.stdout) == (0, b"Linux\n")
    awkward = await run(connection, AWKWARD)
    assert (awkward.exit, awkward.stdout, awkward.stderr) == (1, b"", b"")


HOSTILE = """
echo 'Welcome! tai-probe is not what I say'
echo 'noise on standard error' >&2
env() { echo hijacked env; }
timeout() { echo hijacked timeout; }
prlimit() { echo hijacked prlimit; }
ls() { echo hijacked ls; }
uname() { echo hijacked uname; }
alias uname='echo aliased'
alias exec='echo no exec'
PATH=/nonexistent
LC_ALL=xx_XX
SYSTEMD_PAGER='sh -c "echo pager"'
export PATH LC_ALL SYSTEMD_PAGER
"""


async def test_a_hostile_bashrc_changes_no_command(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path
) -> None:
    (account_home / ".bashrc").write_text(HOSTILE)
    server = sshd_factory(shell=installed("bash"), home=account_home)
    connection = await dial(server)
    assert connection.host.facts.os_id
    assert any("'Welcome! tai-probe is not what I say'" in note for note in connection.notes)
    done = await run(connection, ReadOnlyCommand(["uname", "-s"]))
    assert (done.exit, done.stdout) == (0, b"Linux\n")


NAMES = ("env", "timeout", "ls", "prlimit", "setpriv", "nice", "sh", "uname")
# The start file that a command given to the shell runs through, and what a function or an alias looks like there.
START_FILES = {
    "bash functions": (".bashrc", "{0}() {{ echo hijacked {0}; }}\n"),
    "bash aliases": (".bashrc", "shopt -s expand_aliases\nalias {0}='echo hijacked {0}'\n"),
    "zsh functions": (".zshenv", "function {0} {{ echo hijacked {0}; }}\n"),
    "zsh aliases": (".zshenv", "alias {0}='echo hijacked {0}'\n"),
    "fish functions": (".config/fish/config.fish", "function {0}; echo hijacked {0}; end\n"),
    "tcsh aliases": (".tcshrc", "alias {0} 'echo hijacked {0}'\n"),
}


@pytest.mark.parametrize("kind", START_FILES)
async def test_functions_and_aliases_take_no_command_s_place(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path, kind: str
) -> None:
    name, text = START_FILES[kind]
    file = account_home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(text.format(each) for each in NAMES))
    connection = await dial(sshd_factory(shell=installed(kind.split(maxsplit=1)[0]), home=account_home))
    assert (await typed(connection, "ls -d /")).stdout.startswith(b"hijacked ls")
    assert "fsize" in connection.sandbox.level
    done = await run(connection, ReadOnlyCommand(["ls", "-d", "/"]))
    assert (done.exit, done.stdout, done.stderr) == (0, b"/\n", b"")


async def test_an_alias_that_takes_the_place_of_exec_stops_the_login(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path
) -> None:
    """What stands for `exec` decides what runs, so nothing from there may pass for a command's output."""
    (account_home / ".bashrc").write_text(
        "shopt -s expand_aliases\nalias exec='echo tai-probe-begin; echo'\n"
    )
    with pytest.raises(HostError, match="does not run what it is told"):
        await dial(sshd_factory(shell=installed("bash"), home=account_home))


async def test_only_the_same_noise_is_taken_off_an_output(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path
) -> None:
    (account_home / ".bashrc").write_text("[ -e quiet ] || echo Linux\n")
    connection = await dial(sshd_factory(shell=installed("bash"), home=account_home))
    uname = ReadOnlyCommand(["uname", "-r"])
    loud = await run(connection, uname)
    (account_home / "quiet").touch()
    assert loud.stdout == (await run(connection, uname)).stdout
    assert not loud.stdout.startswith(b"Linux\n")


async def test_a_restricted_shell_is_told(
    sshd_factory: SshdFactory, dial: Dialler, account_home: Path, tmp_path: Path
) -> None:
    rbash = tmp_path / "rbash"
    rbash.symlink_to(installed("bash"))
    with pytest.raises(HostError, match="restricted"):
        await dial(sshd_factory(shell=str(rbash), home=account_home))


async def test_nologin_is_told(sshd_factory: SshdFactory, dial: Dialler) -> None:
    with pytest.raises(HostError, match="does not run what it is told"):
        await dial(sshd_factory(shell="/usr/sbin/nologin"))
