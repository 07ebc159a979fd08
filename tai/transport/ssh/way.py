"""The way to a host: one link for each hop, the last one to the host itself. Links are shared by all that go through them.

Not the login (`tai.transport.ssh.login`): here is who uses a link, and that it ends with its last user.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from tai.transport.ssh.client import Client
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.resolve import Hop

_CLOSE_WAIT_S = 2.0  # a server that does not answer our goodbye is left behind after this


@dataclass(frozen=True, slots=True)
class Link:
    """One hop that is logged in to. warnings: lines of known_hosts that were skipped."""

    hop: Hop
    connection: asyncssh.SSHClientConnection
    client: Client
    warnings: tuple[str, ...] = ()

    async def close(self) -> None:
        """Say goodbye, and hang up when that gets no answer. Safe to call twice."""
        self.connection.close()
        try:
            async with asyncio.timeout(_CLOSE_WAIT_S):
                await self.connection.wait_closed()
        except TimeoutError:
            self.connection.abort()


class Lease:
    """One user's hold on a link. `close` gives it back; the link ends with the last one."""

    def __init__(self, link: Link, give_back: Callable[[], Awaitable[None]]) -> None:
        self.link = link
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    async def close(self) -> None:
        """Safe to call twice."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            await give_back()


@dataclass(frozen=True, slots=True)
class Way:
    """The leases on all hops, in the order in which they were logged in to."""

    leases: tuple[Lease, ...]

    @property
    def link(self) -> Link:
        """The link to the host itself."""
        return self.leases[-1].link

    @property
    def hops(self) -> tuple[Hop, ...]:
        return tuple(lease.link.hop for lease in self.leases)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Lines of known_hosts that were skipped at any hop."""
        return tuple(warning for lease in self.leases for warning in lease.link.warnings)

    @property
    def lost(self) -> str:
        """Why the way no longer leads to the host; '' while it does."""
        return next((lost for lease in self.leases if (lost := lease.link.client.lost)), "") or ""

    async def close(self) -> None:
        """Give back every hop, the farthest first. Safe to call twice."""
        for lease in reversed(self.leases):
            await lease.close()


class Links:
    """All links of one run. Who asks for one that is there, or is being opened, shares it."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, _Shared] = {}

    async def lease(self, key: Hashable, open_link: Callable[[], Awaitable[Link]]) -> Lease:
        """Take the link of this key, opened by `open_link` when there is none that stands.

        Raises what `open_link` raises, for each of those who wait for it. Cancelling one of them leaves it to the others.
        """
        shared = self._shared.get(key)
        if shared is None or shared.is_lost:
            shared = self._shared[key] = _Shared(asyncio.ensure_future(open_link()))
        shared.users += 1
        try:
            link = await asyncio.shield(shared.opening)
        except BaseException:
            await self._give_back(key, shared)
            raise
        return Lease(link, lambda: self._give_back(key, shared))

    async def _give_back(self, key: Hashable, shared: _Shared) -> None:
        shared.users -= 1
        if shared.users:
            return
        if self._shared.get(key) is shared:
            del self._shared[key]
        if not shared.opening.done():
            shared.opening.cancel()
            await asyncio.wait([shared.opening])
        if not shared.opening.cancelled() and shared.opening.exception() is None:
            await shared.opening.result().close()


@dataclass(slots=True)
class _Shared:
    opening: asyncio.Future[Link]
    users: int = 0

    @property
    def is_lost(self) -> bool:
        """It failed, or it was opened and the link has broken since."""
        if not self.opening.done():
            return False
        if self.opening.cancelled() or self.opening.exception() is not None:
            return True
        return bool(self.opening.result().client.lost)
