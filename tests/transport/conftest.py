"""Fixtures of the transport's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tai.policy.wire import Wire
from tai.transport.base import Completed, Limits, Target
from tai.transport.ssh import connect
from tai.transport.ssh.connection import SSHConnection
from tests.sshd import ClientHome, Sshd, blackhole, client_home, people_sshd, sshd, sshd_factory

__all__ = ["blackhole", "client_home", "people_sshd", "sshd", "sshd_factory"]


@dataclass(slots=True)
class Dialler:
    """Logs in, remembers what was reported, and closes everything when the test ends."""

    reported: list[str] = field(default_factory=list)
    opened: list[SSHConnection] = field(default_factory=list)

    async def __call__(self, server: Sshd | Target, **limits: float) -> SSHConnection:
        target = server if isinstance(server, Target) else Target(server.address, server.user, server.port)
        connection = await connect(target, Limits(**limits), report=self.reported.append)  # type: ignore[arg-type]
        self.opened.append(connection)
        return connection


@pytest.fixture
async def dial(client_home: ClientHome) -> AsyncIterator[Dialler]:
    dialler = Dialler()
    yield dialler
    for connection in dialler.opened:
        await connection.close()


async def shell(
    connection: SSHConnection, text: str, *, timeout_s: float = 20.0, max_bytes: int = 2**20
) -> Completed:
    """Run any text on the test's own server: the way round the policy that only tests have."""
    return await connection._execute(Wire(text), timeout_s=timeout_s, max_bytes=max_bytes)
