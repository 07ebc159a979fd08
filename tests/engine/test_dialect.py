"""`ls` on hosts whose ls is busybox's: told after login, asked in its own words, and no name can forge a line there either."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tai.engine.dialect import spelled_for
from tai.model import Facts
from tai.parsers import parse
from tai.policy import ReadOnlyCommand, Tier
from tests.run_tai import Tai, events, of_kind, tai
from tests.sshd import IS_ROOT, SshdFactory, client_home, sshd_factory

__all__ = ["client_home", "sshd_factory", "tai"]

BUSYBOX = shutil.which("busybox")
ON_BUSYBOX = Facts(ls="busybox")
FORGED = "app.log\n-rw-r--r-- 1 root root 9999999999 Nov 20 14:01 forged"

needs_busybox = pytest.mark.skipif(
    BUSYBOX is None, reason="busybox is not installed: apt-get install busybox"
)


@pytest.mark.parametrize("facts", [Facts(ls="gnu"), Facts()])
def test_other_hosts_are_asked_in_the_catalogues_spelling(facts: Facts) -> None:
    command = ReadOnlyCommand(["ls", "-l", "-A", "/var/log"])
    assert spelled_for(command, facts) is command


def test_busybox_is_asked_in_a_spelling_of_the_policys_own() -> None:
    command = spelled_for(ReadOnlyCommand(["ls", "-l", "-A", "-h", "-S", "/var/log", "/tmp"]), ON_BUSYBOX)
    assert set(command.argv) == {"ls", "-l", "-A", "-h", "-S", "-Q", "--", "/var/log", "/tmp"}
    assert command.tier is Tier.A
    assert spelled_for(command, ON_BUSYBOX) is command


def test_what_busybox_would_print_unescaped_is_not_respelled() -> None:
    command = ReadOnlyCommand(["ls", "-l", "-R", "/etc"])
    assert spelled_for(command, ON_BUSYBOX) is command
    assert "-b" in ReadOnlyCommand(["ls", "-l", "-R", "-Q", "/etc"]).argv


def test_other_programs_are_left_alone() -> None:
    command = ReadOnlyCommand(["cat", "/etc/hosts"])
    assert spelled_for(command, ON_BUSYBOX) is command


@pytest.fixture
def forging(tmp_path: Path) -> Path:
    """A folder with three files; one's name looks like a line of a listing, another's colours the screen."""
    folder = tmp_path / "opt"
    folder.mkdir()
    for name in (FORGED, "red\x1b[31m", "plain 1"):
        (folder / name).touch()
    (folder / "link").symlink_to(FORGED)
    folder.chmod(0o755)
    return folder


@needs_busybox
@pytest.mark.parametrize("program", [("ls",), ("busybox", "ls")], ids=["gnu", "busybox"])
def test_no_name_makes_a_line_of_its_own_with_quotes(program: tuple[str, ...], forging: Path) -> None:
    asked = spelled_for(ReadOnlyCommand(["ls", "-l", "-A", str(forging)]), ON_BUSYBOX)
    done = subprocess.run([*program, *asked.argv[1:]], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1 + len(list(forging.iterdir()))
    assert done.stdout.replace("\n", "").isprintable()
    rows = parse("ls", done.stdout)
    assert {"plain 1", "link"} < {row["name"] for row in rows}
    assert "forged" not in {row["name"] for row in rows}


@needs_busybox
@pytest.mark.skipif(not IS_ROOT, reason="another ls over the machine's own needs root and unshare")
def test_listing_of_a_busybox_host_arrives_whole(tai: Tai, sshd_factory: SshdFactory, forging: Path) -> None:
    assert BUSYBOX is not None
    server = sshd_factory(
        over={"/opt": forging, "/usr/bin/ls": Path(BUSYBOX), "/usr/bin/realpath": Path(BUSYBOX)}
    )
    stream = events(tai("collect", *tai.at(server), "deployed-changes", "--json").stdout)
    (made,) = [event["observation"] for event in of_kind(stream, "observation_made")]
    assert (made["argv"][:2], made["outcome"]) == (["ls", "-Q"], "ok"), made["reason"]
    listing = made["text"].partition("/opt:\n")[2].partition("\n\n")[0]
    assert len(listing.splitlines()) == 1 + 4, "no name makes a line of its own"
    assert '"plain 1"' in listing
    assert '"link" -> "app.log?' in listing
