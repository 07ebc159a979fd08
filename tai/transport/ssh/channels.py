"""How many commands run at once on one connection: at most the limit, fewer when the host turns channels away.

OpenSSH's MaxSessions is 10 by default and can be as low as 1; the client is not told, it only sees a channel refused.
One refusal proves nothing: sshd counts a session that has just ended until it has gone through what it has read, so a
channel asked for in the same moment is refused. Two in a row count.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PAUSE_S = 0.02  # time for sshd to clear away a session that has ended; doubled each time
_TRIES = (
    6  # 0.02 s + 0.04 s + … = 1.3 s in all, then a host that has no other command of ours will not open one
)


class Channels:
    """A semaphore that shrinks. capacity: commands at once, now; never below 1. running: those with an open channel."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.running = 0
        self._most_running = 0
        self._in_use = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Slot]:
        """Wait for a place and hold it."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._in_use < self.capacity)
            self._in_use += 1
        slot = Slot(self)
        try:
            yield slot
        finally:
            self.running -= slot.is_open
            self._in_use -= 1
            async with self._freed:
                self._freed.notify_all()

    def note_opened(self) -> None:
        """One more channel stands."""
        self.running += 1
        self._most_running = max(self._most_running, self.running)

    def shrink(self) -> None:
        """Go down to as many as the host has ever had open for us at once."""
        self.capacity = max(1, min(self.capacity, self._most_running))


class Slot:
    """One place among the channels. is_open: its channel stands."""

    def __init__(self, channels: Channels) -> None:
        self.is_open = False
        self._channels = channels

    def opened(self) -> None:
        """Its channel was opened."""
        self.is_open = True
        self._channels.note_opened()

    async def refused(self, times: int) -> bool:
        """The host refused its channel. times: in a row, this one included. True when it is worth another try."""
        channels = self._channels
        if times > _TRIES and not channels.running:
            return False
        if times > 1:
            channels.shrink()
        await asyncio.sleep(_PAUSE_S * 2 ** min(times - 1, _TRIES))
        return True
