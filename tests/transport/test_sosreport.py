"""A sosreport as a host: what it holds is answered, what it has not is named, and nothing in it leads out of it."""

from __future__ import annotations

import asyncio
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tai import parsers
from tai.errors import InputError
from tai.policy import ReadOnlyCommand
from tai.transport.base import Completed
from tai.transport.run import run
from tai.transport.sosreport import Bounds, SosreportConnection, opened
from tai.transport.sosreport.logs import date_of
from tai.transport.sosreport.tree import Tree
from tests.transport import sosreports
from tests.transport.sosreports import evil, folder, member

BOUNDS = Bounds()


@pytest.fixture
def report(tmp_path: Path) -> Iterator[SosreportConnection]:
    found = opened(folder(tmp_path), BOUNDS)
    yield found
    found.remove()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked in this test, and nothing else is."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


async def ask(report: SosreportConnection, *argv: str) -> Completed:
    return await run(report, ReadOnlyCommand(argv))


async def text(report: SosreportConnection, *argv: str) -> str:
    done = await ask(report, *argv)
    assert done.exit == 0, done
    return done.stdout.decode()


# ---------------------------------------------------------------- facts


def test_facts_come_from_the_report(report: SosreportConnection) -> None:
    facts = report.host.facts
    assert (report.host.name, facts.os_id, facts.os_version, facts.family) == (
        "web-01",
        "rocky",
        "9.4",
        "rhel",
    )
    assert facts.kernel == "5.14.0-427.el9.x86_64"
    assert (facts.init, facts.zone, facts.euid) == ("systemd", "+0100", 0)
    assert report.made.isoformat() == "2026-11-20T15:30:00+01:00"


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Fri Nov 20 14:02:11 UTC 2026", "2026-11-20T14:02:11Z"),
        ("Fri Nov 20 02:02:11 PM CET 2026", "2026-11-20T14:02:11Z"),
        ("Thu 26 Nov 2026 02:19:12 PM CET", "2026-11-26T14:19:12Z"),
        ("Thu 26 Nov 2026 12:19:12 AM CET", "2026-11-26T00:19:12Z"),
        ("Thu Nov  5 12:19:12 PM +03 2026", "2026-11-05T12:19:12Z"),
        ("      Local time: Thu 2026-11-26 14:19:12 CET", "2026-11-26T14:19:12Z"),
    ],
)
def test_the_report_s_own_date_is_read_in_each_form_of_date(said: str, at: str) -> None:
    assert date_of(said, UTC) == datetime.fromisoformat(at)
    assert date_of("Thu Nov 26 14:00:00 UTC", UTC) is None


def test_old_release_files_tell_the_distribution_too(tmp_path: Path) -> None:
    more = {"etc/redhat-release": "CentOS Linux release 7.9.2009 (Core)\n"}
    found = opened(folder(tmp_path, without=["etc/os-release"], more=more), BOUNDS)
    assert (found.host.facts.os_id, found.host.facts.os_version, found.host.facts.family) == (
        "centos",
        "7.9.2009",
        "rhel",
    )
    found.remove()


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("argv", "parser", "expected"),
    [
        (("df", "-l", "-h", "-T"), "df", {"mount": ["/", "/var"], "use_percent": [20, 100]}),
        (("findmnt", "-l", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS"), "mounts", {"mount": ["/", "/proc", "/var"]}),
        (
            ("systemctl", "list-units", "--state=failed", "--all", "--plain", "--no-legend", "--full"),
            "units",
            {"unit": ["shop.service"], "active": ["failed"]},
        ),
        (
            ("systemctl", "show", "shop.service", "--property=Id,ActiveState,NRestarts"),
            "properties",
            {"Id": ["shop.service"], "NRestarts": [5]},
        ),
        (
            ("ps", "-e", "-o", "pid,ppid,user,stat,pcpu,pmem,rss,etime,comm", "--sort=-pcpu"),
            "jc:ps",
            {"pid": [811, 1], "stat": ["R", "Ss"]},
        ),
        (("ss", "-t", "-l", "-n", "-p"), "jc:ss", {"local_port": ["22"]}),
        (("ls", "-l", "-A", "-h", "-S", "/var/log", "/var/tmp"), "ls", {"size": ["9.1G"]}),
        (("uptime",), "jc:uptime", {"load_1m": [0.1]}),
    ],
)  # fmt: skip
async def test_text_of_another_command_is_made_into_one_that_the_parser_reads(
    report: SosreportConnection, argv: tuple[str, ...], parser: str, expected: dict[str, list[object]]
) -> None:
    rows = parsers.parse(parser, await text(report, *argv))
    for field, values in expected.items():
        assert [row[field] for row in rows] == values


async def test_answer_that_was_made_of_something_else_says_so(report: SosreportConnection) -> None:
    assert (await ask(report, "df", "-l", "-h", "-T")).note == (
        "made of the sosreport's sos_commands/filesys/df_-al_-x_autofs"
    )
    assert (await ask(report, "uptime")).note == ""


async def test_status_is_the_unit_s_own(report: SosreportConnection) -> None:
    said = await text(report, "systemctl", "status", "shop.service")
    assert "Active: failed" in said
    assert "shop.socket" not in said


@pytest.mark.parametrize(
    "argv",
    [
        ("systemctl", "status", "none.service"),
        ("lsblk",),
        ("nft", "list", "ruleset"),
        ("cat", "/proc/meminfo"),
        ("journalctl", "--list-boots"),
        ("journalctl", "-o", "verbose"),
    ],
)
async def test_what_the_report_has_not_is_missing_and_never_empty(
    report: SosreportConnection, argv: tuple[str, ...]
) -> None:
    done = await ask(report, *argv)
    assert done.exit == 127
    assert done.stderr.decode().startswith("not in the sosreport: ")


# ---------------------------------------------------------------- logs and files


@pytest.mark.parametrize(
    ("argv", "ends"),
    [
        (("-S", "2026-11-20 14:00:00 UTC", "-U", "2026-11-20 14:01:30 UTC"), ["on device", "1/FAILURE"]),
        (("-S", "@1795181640",), ["192.0.2.9"][:0] or ["on device", "1/FAILURE", "192.0.2.9"]),
        (("-u", "shop.service"), ["ready", "on device", "1/FAILURE"]),
        (("-p", "err"), ["on device", "1/FAILURE"]),
        (("-k", "-b"), ["el9.x86_64"]),
        (("--facility=auth",), ["192.0.2.9"]),
        (("-n", "1"), ["192.0.2.9"]),
        (("-r", "-n", "2"), ["192.0.2.9", "1/FAILURE"]),
    ],
)  # fmt: skip
async def test_lines_of_the_journal_are_chosen_as_far_as_its_text_allows(
    report: SosreportConnection, argv: tuple[str, ...], ends: list[str]
) -> None:
    lines = (await text(report, "journalctl", *argv)).splitlines()
    assert [line[-len(end) :] for line, end in zip(lines, ends, strict=True)] == ends


async def test_choice_that_the_text_does_not_hold_is_told_as_a_guess(report: SosreportConnection) -> None:
    note = (await ask(report, "journalctl", "-u", "shop.service", "-p", "err")).note
    assert note == (
        "made of the sosreport's sos_commands/logs/journalctl_--no-pager "
        "(chosen from its text: unit by the program's name, priority by words)"
    )


async def test_syslog_stands_in_where_no_journal_was_saved(tmp_path: Path) -> None:
    journal = "sos_commands/logs/journalctl_--no-pager"
    more = {"var/log/messages": "Nov 20 15:01:00 web-01 kernel: Out of memory: Killed process 811\n"}
    found = opened(folder(tmp_path, without=[journal], more=more), BOUNDS)
    assert "journalctl" not in found.host.facts.tools
    assert "Killed process" in await text(found, "journalctl", "-k")
    assert "Killed process" in await text(found, "tail", "-n", "5", "/var/log/messages")
    found.remove()


async def test_files_are_read_as_the_programs_would(report: SosreportConnection) -> None:
    log = "/var/log/shop/shop.log"
    assert await text(report, "tail", "-n", "2", log) == "line 98\nline 99\n"
    assert await text(report, "head", "-n", "1", log) == "line 0\n"
    assert await text(report, "tail", "-c", "8", log) == "line 99\n"
    shown = await ask(report, "head", "-v", "-n", "1", "/etc/fstab", "/etc/none")
    assert shown.stdout.decode() == "==> /etc/fstab <==\n/dev/sda1 / xfs defaults 0 0\n"
    assert shown.note == "not in the sosreport: /etc/none"


# ---------------------------------------------------------------- archives


@pytest.mark.parametrize("form", ["xz", "gz", "bz2", ""])
def test_archive_is_unpacked_privately_and_removed(tmp_path: Path, scratch: Path, form: str) -> None:
    found = opened(sosreports.archive(tmp_path, form), BOUNDS)
    (private,) = scratch.iterdir()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    inside = private / sosreports.ROOT / "etc/fstab"
    assert stat.S_IMODE(inside.stat().st_mode) == 0o600
    assert "xfs" in asyncio.run(text(found, "cat", "/etc/fstab"))
    found.remove()
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([member("r/../../out", b"x")], "leads out of the archive with '..'"),
        ([member("/tmp/out", b"x")], "is an absolute name"),
        ([member("r/link", kind=tarfile.SYMTYPE, to="../../out")], "is a link that leaves the archive"),
        ([member("r/a", kind=tarfile.SYMTYPE, to="."), member("r/a/b", b"x")], "lies below a link"),
        ([member("r/hard", kind=tarfile.LNKTYPE, to="../../etc/passwd")], "leads out of the archive"),
        ([member("r/hard", kind=tarfile.LNKTYPE, to="/etc/passwd")], "is an absolute name"),
        ([member("r/hard", kind=tarfile.LNKTYPE, to="r/none")], "is a hard link to what is not there"),
        (
            [member("r/s", kind=tarfile.SYMTYPE, to="/etc"), member("r/h", kind=tarfile.LNKTYPE, to="r/s/passwd")],
            "is a hard link through a symbolic one",
        ),
        ([member("r/" + "n" * 300, b"x")], "is no file name"),
        ([member("r/d/x", b"x"), member("r/d", b"x")], "is a folder and a file"),
    ],
)  # fmt: skip
def test_archive_that_leads_out_is_refused_and_leaves_nothing(
    tmp_path: Path, scratch: Path, members: list[tuple[tarfile.TarInfo, bytes]], said: str
) -> None:
    with pytest.raises(InputError, match=said.replace(".", "\\.")):
        opened(evil(tmp_path, *members), BOUNDS)
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module", params=["gz", "xz", "bz2"])
def bomb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 MiB of nothing, in some kilobytes."""
    big = b"\0" * (1 << 20)
    members = [member(f"r/{n}", big) for n in range(70)]
    return evil(tmp_path_factory.mktemp("bomb"), *members, form=request.param)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(files=3), "sosreport_max_files"),
        (Bounds(size=1 << 20), "sosreport_max_bytes"),
        (Bounds(ratio=50), "sosreport_max_ratio"),
        (Bounds(seconds=0), "sosreport_timeout"),
    ],
)
def test_bomb_stops_at_the_limit_that_it_meets(bomb: Path, scratch: Path, bounds: Bounds, said: str) -> None:
    with pytest.raises(InputError, match=said):
        opened(bomb, bounds)
    assert list(scratch.iterdir()) == []


def test_header_that_claims_to_be_huge_is_not_read_into_memory(tmp_path: Path) -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type = tarfile.GNUTYPE_LONGNAME
    long_name.size = 16 << 20
    with pytest.raises(InputError, match="the header of a file is larger"):
        opened(evil(tmp_path, (long_name, b"a" * (16 << 20))), BOUNDS)


def test_devices_and_fifos_are_left_out_and_told(tmp_path: Path, scratch: Path) -> None:
    made = evil(tmp_path, member("r/fifo", kind=tarfile.FIFOTYPE), member("r/null", kind=tarfile.CHRTYPE))
    found = opened(made, BOUNDS)
    assert "2 devices or FIFOs in the archive were not unpacked" in found.notes
    (private,) = scratch.iterdir()
    assert [each.name for each in (private / "r").iterdir()] == ["sos_commands"]
    found.remove()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a tar archive"),
        (b"hello" * 500, "not a tar archive"),
        (b"\xfd7zXZ\0garbage", "cannot be decompressed"),
        (b"\x1f\x8b\x08garbage", "not a tar archive, or a damaged one"),
        (b"\x28\xb5\x2f\xfdzstd", "unpack it and give the folder"),
    ],
)
def test_what_is_no_archive_is_told_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "report.tar"
    file.write_bytes(content)
    with pytest.raises(InputError, match=said):
        opened(file, BOUNDS)


def test_archive_that_was_cut_is_told_in_words(tmp_path: Path) -> None:
    for form in ("xz", "gz", "bz2", ""):
        (tmp_path / form).mkdir(exist_ok=True)
        whole = sosreports.archive(tmp_path / (form or "."), form)
        whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        with pytest.raises(InputError, match=r"damaged|cannot be decompressed|unexpected"):
            opened(whole, BOUNDS)


def test_folder_that_is_no_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder sos_commands"):
        opened(tmp_path, BOUNDS)
    with pytest.raises(InputError, match="no such file"):
        opened(tmp_path / "none", BOUNDS)


# ---------------------------------------------------------------- links of a folder


def test_no_link_of_a_folder_leads_out_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside")
    root = folder(tmp_path)
    (root / "up").symlink_to("../secret")
    (root / "far").symlink_to("../../../../../../../../../../../etc/passwd")
    (root / "absolute").symlink_to(str(secret))
    (root / "dir").symlink_to(str(tmp_path))
    (root / "ring").symlink_to("ring")
    (root / "good").symlink_to("/etc/fstab")
    os.mkfifo(root / "fifo")
    tree = Tree(root)
    for name in ("up", "far", "absolute", "dir/secret", "dir/../secret", "ring", "fifo", "../secret"):
        assert tree.read(f"/{name}", most=100) is None, name
    assert tree.read("/good", most=5) == b"/dev/"
    assert tree.resolve("/../../etc/./fstab") == "/etc/fstab"
    tree.close()
