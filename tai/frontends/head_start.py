"""A login that begins before it is asked for: while tickets are parsed and collectors loaded, the network is waited for.

Not a pool (`tai.transport.ssh.way`): it holds one connection, for the first who asks for that host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tai.errors import TaiError
from tai.transport.base import Connection, Target

if TYPE_CHECKING:
    from tai.engine.gather import Connect


class HeadStart:
    """Connects to `target` at once; called like the `connect` that it stands for. `close` ends what nobody took."""

    def __init__(self, connect: Connect, target: Target) -> None:
        self._connect = connect
        self._target = target
        self._said: list[str] = []
        self._report: Callable[[str], None] = self._said.append
        self._login: asyncio.Task[Connection] | None = asyncio.create_task(self._log_in())

    async def _log_in(self) -> Connection:
        return await self._connect(self._target, self._tell)

    def _tell(self, line: str) -> None:
        self._report(line)  # whoever it goes to by then

    async def __call__(self, target: Target, report: Callable[[str], None]) -> Connection:
        """The connection that was begun, for the first who asks for its host; a new one otherwise."""
        if self._login is None or target != self._target:
            return await self._connect(target, report)
        login = self._login
        self._report = report
        for line in self._said:
            report(line)
        connection = await login  # cancelled with whoever waits for it
        self._login = None
        return connection

    async def close(self) -> None:
        """Safe to call twice."""
        login, self._login = self._login, None
        if login is None:
            return
        login.cancel()
        with suppress(asyncio.CancelledError, TaiError):
            await (await login).close()
