"""How many commands run at once on one connection: at most the limit, fewer when the host turns a channel away.

OpenSSH's MaxSessions is 10 by default and can be as low as 1; the client is not told, it only sees a channel refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Channels:
    """A semaphore that shrinks. capacity: commands at once, now; never below 1."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._in_use = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Slot]:
        """Wait for a place and hold it."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._in_use < self.capacity)
            self._in_use += 1
        try:
            yield Slot(self)
        finally:
            async with self._freed:
                self._in_use -= 1
                self._freed.notify_all()

    def shrink(self) -> bool:
        """The host refused a channel: allow one fewer than are in use. False when only the refused one was."""
        others = self._in_use - 1
        if others < 1:
            return False
        self.capacity = min(self.capacity, others)
        return True


class Slot:
    """One place among the channels."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def refused(self) -> bool:
        """Tell that the host refused this channel. True when it makes sense to try again once another has ended."""
        return self._channels.shrink()
