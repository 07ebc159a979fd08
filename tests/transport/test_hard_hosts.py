"""Hosts that hang or flood at each point: bounded, what came is kept, nothing stays behind. A real sshd wherever it can be.

The slow tier: what is waited for here are real limits. The quick cases stand in `test_connection.py` and `test_failures.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect, make_dialer
from tai.transport.ssh.loader import asyncssh
from tests.sshd import ClientHome, Sshd, SshdFactory, make_key
from tests.transport.conftest import Dialler, shell
from tests.transport.test_connection import _until_gone

pytestmark = pytest.mark.slow


async def _stopped_at(server: Sshd, text: str) -> None:
    """Freeze what serves the connection as soon as the log says `text`: a host that hangs right there."""
    await asyncio.to_thread(server.wait_for_log, text)
    for child in server.serving:
        os.kill(child, signal.SIGSTOP)


async def _thawed(server: Sshd) -> None:
    for child in server.serving:
        os.kill(child, signal.SIGCONT)


@pytest.mark.parametrize(
    "at",
    ["Local version string", "SSH2_MSG_KEXINIT sent", "SSH2_MSG_NEWKEYS received", "Accepted publickey"],
)
async def test_a_host_that_hangs_at_a_point_of_the_login_is_left_in_time(
    sshd_factory: SshdFactory, client_home: ClientHome, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tai.transport.ssh.probe._PROBE_S", 2.0)
    server = sshd_factory()
    freeze = asyncio.create_task(_stopped_at(server, at))
    told = ""
    try:
        async with asyncio.timeout(15):
            target = Target(server.address, server.user, server.port)
            connection = await connect(target, Limits(login_timeout_s=2.0), report=lambda _: None)
    except HostError as error:
        told = error.cause
    else:
        # It was frozen too late for the login; then no command may wait for ever either.
        done = await shell(connection, "true", timeout_s=2)
        told = "did not finish: timed out" if done.timed_out and done.exit is None else str(done)
        await connection.close()
    finally:
        await freeze
        await _thawed(server)
    # How far it came by then is the scheduler's business.
    assert re.search(
        r"did not finish|no SSH greeting within 2 s|did not answer within 2 s|opens no channel", told
    ), told


class _Silent(asyncssh.SSHServer):
    """Lets everyone in, and never answers a request for a channel. No real sshd does that on demand."""

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        del username, key
        return True

    async def session_requested(self) -> bool:
        await asyncio.Event().wait()
        return False


async def test_a_host_that_never_opens_a_channel_is_left_in_time(
    client_home: ClientHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tai.transport.ssh.probe._PROBE_S", 2.0)
    key = asyncssh.read_private_key(make_key(tmp_path / "host_key"))
    server = await asyncssh.create_server(_Silent, "127.0.0.1", 0, server_host_keys=[key])
    try:
        with pytest.raises(HostError, match="did not answer within 2 s"):
            async with asyncio.timeout(15):
                await connect(
                    Target("127.0.0.1", "somebody", server.get_port()), Limits(), report=lambda _: None
                )
    finally:
        server.close()


async def test_two_gigabytes_are_cut_at_the_cap_and_the_command_ends(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    before = _peak_kib()
    done = await shell(
        connection, "echo $$; exec head -c 2147483648 /dev/zero", timeout_s=50, max_bytes=5_000_000
    )
    assert done.truncated
    assert len(done.stdout) == 5_000_000
    await _until_gone(int(done.stdout.split(b"\n")[0]))
    assert (_peak_kib() - before) < 100_000, "memory grew far beyond the cap"


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


async def test_a_command_that_ignores_term_and_says_nothing_is_killed(
    people_sshd: Sshd, dial: Dialler
) -> None:
    connection = await dial(people_sshd)
    file = people_sshd.scratch / "pid"
    text = f"trap '' TERM; echo $$ > {file}; while :; do sleep 1; done"
    done = await shell(connection, text, timeout_s=2)
    assert done.timed_out
    assert done.stdout == b""
    await _until_gone(int(file.read_text()))


async def test_a_flood_on_many_channels_stays_within_caps_times_commands(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    before = _peak_kib()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                shell(connection, "exec head -c 500000000 /dev/zero", timeout_s=50, max_bytes=1_000_000)
            )
            for _ in range(16)
        ]
    assert all(task.result().truncated for task in tasks)
    # The cap, and what the window let the host send ahead (2 MiB a channel, 8 channels at once).
    assert (_peak_kib() - before) < 16 * 1_000 + 8 * 2_048 + 60_000


async def test_a_host_in_trouble_and_a_healthy_one_do_not_wait_for_each_other(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    sick, well = sshd_factory(), sshd_factory()
    dialer = make_dialer(Limits(login_timeout_s=5.0))
    freeze = asyncio.create_task(_stopped_at(sick, "SSH2_MSG_NEWKEYS received"))
    hanging = asyncio.create_task(dialer.connect(Target(sick.address, sick.user, sick.port), lambda _: None))
    await freeze
    connection = await dialer.connect(Target(well.address, well.user, well.port), lambda _: None)
    assert (await shell(connection, "echo well")).stdout == b"well\n"
    assert not hanging.done()
    await connection.close()
    hanging.cancel()
    await asyncio.wait([hanging])
    await _thawed(sick)
