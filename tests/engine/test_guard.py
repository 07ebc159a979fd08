"""Paths looked at on a real host: a real sshd, real links, FIFOs and missing files, before a command reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tai.engine.guard import PathGuard
from tai.errors import PolicyRefusal
from tai.policy import ReadOnlyCommand
from tai.transport.base import Completed, Connection, Limits, Target
from tai.transport.run import run
from tai.transport.ssh import connect
from tests.sshd import IS_ROOT, ClientHome, SshdFactory, client_home, sshd_factory

__all__ = ["client_home", "sshd_factory"]

pytestmark = pytest.mark.skipif(not IS_ROOT, reason="a directory of our own over /srv needs root and unshare")
BUSYBOX = shutil.which("busybox")


@dataclass
class Asked:
    """A guard on a connection, and what it asked the host."""

    connection: Connection
    argvs: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = PathGuard(self.send)

    async def send(self, command: ReadOnlyCommand) -> Completed:
        self.argvs.append(command.argv)
        return await run(self.connection, command)

    async def settled(self, *argv: str) -> tuple[str, ...]:
        """The words that would be sent in the end. Raises PolicyRefusal."""
        command = ReadOnlyCommand(argv)
        await self.guard.look(command.paths)
        return self.guard.settle(command).argv


@pytest.fixture
def srv(tmp_path: Path) -> Path:
    """What the host has in /srv: app/logs/app.log, readable by everyone."""
    logs = tmp_path / "srv" / "app" / "logs"
    logs.mkdir(parents=True)
    (logs / "app.log").write_text("started\n")
    for place in (tmp_path, tmp_path / "srv", tmp_path / "srv" / "app", logs):
        place.chmod(0o755)
    return tmp_path / "srv"


@pytest.fixture
async def asked(srv: Path, sshd_factory: SshdFactory, client_home: ClientHome) -> AsyncIterator[Asked]:
    async with at(sshd_factory, client_home, {"/srv": srv}) as found:
        yield found


class at:  # noqa: N801 - reads as a preposition
    """A guard on a new host with these places over its own."""

    def __init__(self, factory: SshdFactory, home: ClientHome, over: dict[str, Path]) -> None:
        self._server = factory(over=over)
        self._home = home

    async def __aenter__(self) -> Asked:
        target = Target(
            "127.0.0.1", self._server.user, self._server.port, (self._home.key,), use_ssh_config=False
        )
        self._connection = await connect(target, Limits(), report=lambda _: None)
        return Asked(self._connection)

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def test_link_to_a_secret_is_refused_once_the_host_has_resolved_it(asked: Asked, srv: Path) -> None:
    (srv / "app" / "logs" / "harmless.log").symlink_to("/etc/shadow")
    with pytest.raises(PolicyRefusal, match="/etc/shadow may never be read"):
        await asked.settled("tail", "-n", "5", "/srv/app/logs/harmless.log")
    assert all("tail" not in argv for argv in asked.argvs)


async def test_link_in_the_middle_of_a_path_is_followed_too(asked: Asked, srv: Path) -> None:
    (srv / "app" / "logs" / "old").symlink_to("/root")
    with pytest.raises(PolicyRefusal, match="/root/notes may never be read"):
        await asked.settled("cat", "/srv/app/logs/old/notes")


async def test_path_is_sent_as_what_it_leads_to(asked: Asked, srv: Path) -> None:
    (srv / "app" / "logs" / "current.log").symlink_to("app.log")
    words = await asked.settled("tail", "-n", "5", "/srv/app/logs/current.log")
    assert words == ("tail", "-n", "5", "--", "/srv/app/logs/app.log")


async def test_plain_file_is_sent_as_it_is(asked: Asked) -> None:
    assert (await asked.settled("cat", "/srv/app/logs/app.log"))[-1] == "/srv/app/logs/app.log"


async def test_fifo_is_refused_instead_of_read_for_ever(asked: Asked, srv: Path) -> None:
    os.mkfifo(srv / "app" / "logs" / "pipe.log", 0o644)
    with pytest.raises(PolicyRefusal, match="is a fifo, and only regular files are read"):
        await asked.settled("cat", "/srv/app/logs/pipe.log")


async def test_directory_is_refused_where_a_file_is_read_and_may_be_listed(asked: Asked, srv: Path) -> None:
    (srv / "app" / "logs" / "old").mkdir()
    with pytest.raises(PolicyRefusal, match="is a directory, and only regular files"):
        await asked.settled("cat", "/srv/app/logs/old")
    assert (await asked.settled("ls", "-l", "/srv/app/logs/old"))[-1] == "/srv/app/logs/old"


async def test_missing_file_is_left_to_the_command_to_report(asked: Asked) -> None:
    words = await asked.settled("cat", "/srv/app/logs/none.log")
    done = await run(asked.connection, ReadOnlyCommand(words))
    assert done.exit == 1
    assert b"No such file" in done.stderr


async def test_many_paths_are_asked_for_in_commands_that_the_catalogue_allows(
    asked: Asked, srv: Path
) -> None:
    paths = [f"/srv/app/logs/{n}.log" for n in range(8)]
    for path in paths:
        (srv / path.removeprefix("/srv/")).write_text("x\n")
    assert (await asked.settled("head", "-n", "1", *paths))[-8:] == tuple(paths)
    asked.argvs.clear()
    await asked.settled("head", "-n", "2", *paths)
    assert asked.argvs == [], "what is known is not asked for again"


@pytest.mark.skipif(BUSYBOX is None, reason="busybox is not installed: apt-get install busybox-static")
async def test_host_with_busybox_realpath_is_resolved_by_one_command(
    srv: Path, sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    assert BUSYBOX is not None
    logs = srv / "app" / "logs"
    (logs / "current.log").symlink_to("app.log")
    (logs / "evil.log").symlink_to("/etc/shadow")
    over = {"/srv": srv, "/usr/bin/realpath": Path(BUSYBOX)}
    async with at(sshd_factory, client_home, over) as asked:
        asked_for = ("/srv/app/logs/current.log", "/srv/app/logs/none.log", "/srv/app/logs/no/such.log")
        words = await asked.settled("head", *asked_for)
        assert words[-3:] == ("/srv/app/logs/app.log", *asked_for[1:])
        with pytest.raises(PolicyRefusal, match="/etc/shadow may never be read"):
            await asked.settled("head", "/srv/app/logs/evil.log")
        assert ("realpath", "-m", "--", *asked_for) in asked.argvs
        assert not any(argv[:2] == ("realpath", "--") for argv in asked.argvs)


async def test_what_leads_to_the_process_that_looks_is_read_by_the_command_itself(asked: Asked) -> None:
    words = await asked.settled("cat", "/proc/mounts", "/proc/net/netstat")
    assert words[-2:] == ("/proc/self/mounts", "/proc/self/net/netstat")
    done = await run(asked.connection, ReadOnlyCommand(words))
    assert (done.exit, b"TcpExt" in done.stdout) == (0, True)


class Table:
    """A host that is asked nothing but its mounts: what it answers is written by the test."""

    def __init__(self, table: bytes, status: int = 0) -> None:
        self._done = Completed(status, table)
        self.argvs: list[tuple[str, ...]] = []
        self.guard = PathGuard(self.send)

    async def send(self, command: ReadOnlyCommand) -> Completed:
        self.argvs.append(command.argv)
        return self._done


class LaterBusybox:
    """A host whose realpath refuses -m as busybox 1.36 and later do, with one of three paths there."""

    def __init__(self) -> None:
        self.argvs: list[tuple[str, ...]] = []
        self.guard = PathGuard(self.send, mounts="26 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")

    async def send(self, command: ReadOnlyCommand) -> Completed:
        self.argvs.append(command.argv)
        if command.argv[:2] == ("realpath", "-m"):
            return Completed(
                1, b"", b"realpath: unrecognized option: m\nBusyBox v1.36.1 multi-call binary.\n"
            )
        if command.argv[0] == "realpath":
            absent = [path for path in command.argv[2:] if path != "/etc/mtab"]
            complaints = "".join(f"realpath: {path}: No such file or directory\n" for path in absent)
            there = b"/etc/fstab\n" if "/etc/mtab" in command.argv else b""
            return Completed(1, there, complaints.encode())
        return Completed(0, b"regular file|/etc/fstab\n")


async def test_a_realpath_that_refuses_to_say_what_is_missing_is_asked_so_once() -> None:
    host = LaterBusybox()
    first = ReadOnlyCommand(["head", "-v", "/etc/mtab", "/var/log/a.log", "/var/log/b.log"])
    await host.guard.look(first.paths)
    assert host.guard.settle(first).argv[-3:] == ("/etc/fstab", "/var/log/a.log", "/var/log/b.log")
    await host.guard.look(ReadOnlyCommand(["cat", "/var/log/c.log"]).paths)
    assert [argv[:2] for argv in host.argvs if argv[0] == "realpath"] == [
        ("realpath", "-m"),
        ("realpath", "--"),
        ("realpath", "--"),
    ]


class Hanging:
    """A host where a look at one path never ends, in a place that its mount table does not give away. A real one cannot be had."""

    def __init__(self, program: str) -> None:
        self.argvs: list[tuple[str, ...]] = []
        self._program = program
        self.guard = PathGuard(self.send, mounts="26 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")

    async def send(self, command: ReadOnlyCommand) -> Completed:
        self.argvs.append(command.argv)
        program, *_ = command.argv
        paths = command.argv[command.argv.index("--") + 1 :]
        if program == self._program and "/var/log/app/hung.log" in paths:
            return Completed(124)
        form = "{}\n" if program == "realpath" else "regular file|{}\n"
        return Completed(0, "".join(form.format(path) for path in paths).encode())


@pytest.mark.parametrize("program", ["realpath", "stat"])
async def test_a_path_that_hangs_takes_no_other_with_it(program: str) -> None:
    host = Hanging(program)
    healthy = [f"/var/log/app/{n}.log" for n in range(30)]
    uses = [
        use
        for path in [*healthy[:15], "/var/log/app/hung.log", *healthy[15:]]
        for use in ReadOnlyCommand(["cat", path]).paths
    ]
    await host.guard.look(uses)
    for path in healthy:
        assert host.guard.settle(ReadOnlyCommand(["cat", path])).argv[-1] == path
    with pytest.raises(PolicyRefusal, match=r"could not say where|did not answer what"):
        host.guard.settle(ReadOnlyCommand(["cat", "/var/log/app/hung.log"]))
    assert len([argv for argv in host.argvs if argv[0] == program]) == 1 + 4 + 10


NFS = (
    b"26 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    b"90 26 0:52 / /srv rw,relatime shared:44 - nfs4 filer:/export rw,vers=4.2\n"
)


async def test_path_on_a_network_mount_is_refused_before_the_host_is_asked_to_resolve_it() -> None:
    host = Table(NFS)
    command = ReadOnlyCommand(["cat", "/srv/app/logs/app.log"])
    await host.guard.look(command.paths)
    with pytest.raises(PolicyRefusal, match="lies on /srv, a nfs4 mount"):
        host.guard.settle(command)
    assert host.argvs == [("cat", "--", "/proc/self/mountinfo")]


@pytest.mark.parametrize("host", [Table(b"", 1), Table(b""), Table(b"cut off", 124)])
async def test_no_path_is_read_on_a_host_that_does_not_tell_its_mounts(host: Table) -> None:
    with pytest.raises(PolicyRefusal, match="mount table"):
        await host.guard.look(ReadOnlyCommand(["cat", "/etc/fstab"]).paths)
