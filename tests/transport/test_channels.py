"""Channels that are opened ahead: used, refused, closed by the host, and never more than the limit."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.sshd import Sshd, SshdFactory
from tests.transport.conftest import Dialler, shell


def _opened(server: Sshd) -> int:
    return server.log.count("server_input_channel_open: ctype session")


async def _settled(server: Sshd, count: int) -> None:
    """Wait for that many channels to have been opened at the host."""
    deadline = time.monotonic() + 10
    while _opened(server) < count:
        assert time.monotonic() < deadline, server.log
        await asyncio.sleep(0.01)


async def test_as_many_as_are_used_at_once_are_opened_while_the_host_is_probed(
    sshd: Sshd, dial: Dialler
) -> None:
    connection = await dial(sshd)
    await _settled(sshd, 8)
    async with asyncio.TaskGroup() as group:
        for _ in range(7):
            group.create_task(shell(connection, "true"))
    assert _opened(sshd) == 8, "the first commands opened channels although some stood ready"


@pytest.mark.parametrize("most", [1, 2])
async def test_a_host_that_allows_few_is_known_from_the_start(
    sshd_factory: SshdFactory, dial: Dialler, most: int
) -> None:
    server = sshd_factory(f"MaxSessions {most}")
    connection = await dial(server)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(connection, f"sleep 0.05; echo {n}")) for n in range(6)]
    assert [task.result().stdout for task in tasks] == [f"{n}\n".encode() for n in range(6)]
    assert connection._channels.capacity == most


async def test_one_that_the_host_has_closed_is_replaced(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    await _settled(sshd, 8)
    waiting = [await place.ahead for place in connection._channels._free if place.ahead]
    for channel in waiting:
        channel.close()  # what sshd's ChannelTimeout does from its side
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(connection, f"echo {n}")) for n in range(8)]
    assert [task.result().stdout for task in tasks] == [f"{n}\n".encode() for n in range(8)]


async def test_closing_leaves_no_opening_behind(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    await connection.close()
    assert not connection._channels._openings
    sshd.wait_until_idle()
