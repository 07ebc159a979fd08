"""The demo's server, asked by OpenSSH's own client: recorded bytes for recorded commands, and a no to all else."""

from __future__ import annotations

import asyncio
import re
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tai.demo.recording import RecordedCommand, Recording, output_bytes
from tai.demo.server import NOT_RECORDED, DemoServer, serve
from tai.errors import HostKeyError
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import PROBE, Sandbox, parse_probe
from tai.policy.wire import Wire, render
from tai.transport.base import Limits, Target
from tai.transport.run import run
from tai.transport.ssh import connect
from tai.transport.ssh.loader import asyncssh

from .conftest import Client


def sandbox_of(recording: Recording) -> Sandbox:
    return parse_probe(output_bytes(recording.probe).decode()).sandbox


def wire_for(recording: Recording, argv: tuple[str, ...], *, timeout_s: float = 7) -> Wire:
    command = ReadOnlyCommand(argv)
    layers = sandbox_of(recording).for_command(command.incompatible_layers, command.argv[0])
    return render(command.argv, layers, timeout_s=timeout_s)


def longest(recording: Recording) -> RecordedCommand:
    return max(recording.commands, key=lambda command: len(output_bytes(command.stdout)))


def failing(recording: Recording) -> RecordedCommand:
    return next(command for command in recording.commands if command.exit and command.stderr)


@pytest.mark.parametrize("choose", [longest, failing])
async def test_a_recorded_command_gets_its_recorded_bytes(
    recording: Recording, ssh: Client, choose: object
) -> None:
    command = longest(recording) if choose is longest else failing(recording)
    said = await ssh(wire_for(recording, command.argv).command)
    assert said.stdout == output_bytes(command.stdout)
    assert said.stderr == output_bytes(command.stderr)
    assert said.exit == command.exit


async def test_a_command_line_that_travels_on_standard_input_is_found(
    recording: Recording, tmp_path: Path
) -> None:
    odd = RecordedCommand(argv=("cat", "--", "/var/log/o'brien.log"), exit=0, stdout=("seen", ""))
    private = tmp_path / "odd"
    private.mkdir(mode=0o700)
    server = await serve(recording.model_copy(update={"commands": (odd,)}), private)
    try:
        wire = wire_for(recording, odd.argv)
        assert wire.stdin is not None
        said = await Client(server)(wire.command, stdin=wire.stdin)
        other = await Client(server)(wire.command, stdin=wire.stdin.replace(b"brien", b"hara"))
    finally:
        await server.close()
    assert (said.exit, said.stdout) == (0, b"seen\n")
    assert (other.exit, other.stdout) == (NOT_RECORDED, b"")


@pytest.mark.parametrize(
    "command",
    [
        "id",
        "true",
        "/bin/sh -c id",
        "exec /usr/bin/env -i 'id'",
        "exec /usr/bin/env -i '/bin/sh' '-s'",
        "é",
        PROBE + " ",
    ],
)
async def test_what_was_not_recorded_gets_127(ssh: Client, command: str) -> None:
    said = await ssh(command, stdin=b"exec id\n")
    assert said.exit == NOT_RECORDED
    assert said.stdout == b""
    assert said.stderr == b"tai demo: this command was not recorded\n"


@pytest.mark.parametrize("tail", ["; id", " 'x'", " | cat", "\nid"])
async def test_a_recorded_command_with_anything_more_is_not_recorded(
    recording: Recording, ssh: Client, tail: str
) -> None:
    said = await ssh(wire_for(recording, ("uptime",)).command + tail)
    assert (said.exit, said.stdout) == (NOT_RECORDED, b"")


async def test_only_the_seconds_of_the_time_limit_may_differ(recording: Recording, ssh: Client) -> None:
    tight = wire_for(recording, ("uptime",), timeout_s=3).command
    assert (await ssh(tight)).exit == 0
    assert (await ssh(tight.replace("'--fsize=0'", "'--fsize=9'"))).exit == NOT_RECORDED


async def test_the_probe_is_as_recorded_but_for_the_clock(recording: Recording, ssh: Client) -> None:
    said = await ssh(PROBE)
    clock = re.compile(rb"(?m)^now=(\d+)$")
    recorded = output_bytes(recording.probe)
    assert clock.sub(b"", said.stdout) == clock.sub(b"", recorded)
    played, then = clock.search(said.stdout), clock.search(recorded)
    assert played is not None
    assert then is not None
    assert int(then[1]) < int(played[1]) <= time.time() + 1


async def test_another_key_does_not_get_in(ssh: Client, tmp_path: Path) -> None:
    other = tmp_path / "other"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(other))
    other.chmod(0o600)
    said = await Client(replace(ssh.server, key_file=other))("uptime")
    assert said.exit == 255
    assert b"Permission denied (publickey)" in said.stderr


async def test_another_user_does_not_get_in_with_the_right_key(ssh: Client) -> None:
    said = await ssh("uptime", user="root")
    assert said.exit == 255
    assert b"Permission denied (publickey)" in said.stderr


async def test_no_password_is_asked_for(ssh: Client) -> None:
    said = await ssh(
        "uptime", options=["PreferredAuthentications=password,keyboard-interactive,hostbased,gssapi-with-mic"]
    )
    assert said.exit == 255
    assert b"Permission denied (publickey)" in said.stderr


async def test_there_is_no_terminal(ssh: Client) -> None:
    said = await ssh("uptime", flags=["-tt"])
    assert b"PTY allocation request failed" in said.stderr


async def test_there_is_no_shell(ssh: Client) -> None:
    said = await ssh(flags=["-T"], stdin=b"id\n")
    assert said.exit == 255
    assert b"shell request failed" in said.stderr


async def test_there_is_no_file_transfer(ssh: Client) -> None:
    said = await ssh("sftp", flags=["-s"])
    assert said.exit == 255
    assert b"subsystem request failed" in said.stderr


async def test_nothing_is_forwarded_from_here(ssh: Client) -> None:
    said = await ssh(flags=["-W", f"{ssh.server.host}:{ssh.server.port}"])
    assert said.exit == 255
    assert b"stdio forwarding failed" in said.stderr


async def test_nothing_is_forwarded_to_here(ssh: Client) -> None:
    said = await ssh(flags=["-N", "-R", "0:127.0.0.1:9"], options=["ExitOnForwardFailure=yes"])
    assert said.exit == 255
    assert b"remote port forwarding failed" in said.stderr


async def test_it_listens_on_loopback_alone_and_keeps_its_key_private(server: DemoServer) -> None:
    assert server.host == "127.0.0.1"
    assert [address[0] for address in server._acceptor.get_addresses()] == ["127.0.0.1"]
    assert stat.S_IMODE(server.key_file.stat().st_mode) == 0o600


async def test_a_server_that_was_closed_answers_no_more(recording: Recording, tmp_path: Path) -> None:
    server = await serve(recording, tmp_path)
    await server.close()
    said = await Client(server)("uptime")
    assert said.exit == 255
    assert b"Connection refused" in said.stderr


async def test_tai_itself_gets_the_recorded_answers_many_at_a_time(
    recording: Recording, server: DemoServer
) -> None:
    target = Target(server.host, server.user, server.port, (server.key_file,), use_ssh_config=False)
    connection = await connect(target, Limits(), report=print, known_hosts=server.known_hosts_file)
    try:
        ends = await asyncio.gather(
            *(run(connection, ReadOnlyCommand(each.argv)) for each in recording.commands)
        )
    finally:
        await connection.close()
    for end, each in zip(ends, recording.commands, strict=True):
        assert (end.exit, end.stdout, end.stderr) == (
            each.exit,
            output_bytes(each.stdout),
            output_bytes(each.stderr),
        )


async def test_tai_does_not_talk_to_a_server_with_another_key(
    server: DemoServer, recording: Recording, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = await serve(recording, elsewhere)
    await other.close()
    theirs = other.known_hosts_file.read_text().replace(f":{other.port} ", f":{server.port} ")
    other.known_hosts_file.write_text(theirs)
    target = Target(server.host, server.user, server.port, (server.key_file,), use_ssh_config=False)
    with pytest.raises(HostKeyError, match="its host key has changed"):
        await connect(target, Limits(), report=print, known_hosts=other.known_hosts_file)
