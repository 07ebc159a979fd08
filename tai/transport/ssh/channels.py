"""Channels for commands on one connection: opened ahead, at most so many at once, fewer when the host turns some away.

A command on a fresh channel costs two round trips: one opens it, one starts the command. So, while the host answers the
probe, as many channels as will be used at once are opened ahead, and the first commands cost one round trip each.

OpenSSH's MaxSessions is 10 by default and can be as low as 1; the client is not told, it only sees a channel refused. One
refusal proves little where commands have ended just before: sshd counts a session until it has gone through what it has read.
Two in a row count; so does one at the start, when nothing can have ended yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tai.transport.ssh.loader import asyncssh, packet
from tai.transport.ssh.servers import one_at_a_time, server_of
from tai.transport.ssh.session import Session

_PAUSE_S = 0.02  # time for sshd to clear away a session that has ended; doubled each time
_TRIES = (
    6  # 0.02 s + 0.04 s + … = 1.3 s in all, then a host that has no other command of ours will not open one
)
_WINDOW = 2 * 2**20  # bytes the host may send ahead of us; as OpenSSH's own client
_PACKET = 32 * 1024  # bytes in one packet; RFC 4254, section 5.1, and OpenSSH's own


class Channel(asyncssh.SSHClientChannel[bytes]):
    """A session channel that can be opened before it is known what will run on it. No terminal, no environment.

    The one place that reaches into asyncssh: `create` opens and starts in one go, by `_open`, so that is where a channel
    which stands already answers with what it was told then. `tests/transport/test_channels.py` holds it.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(connection, loop, "replace", None, "strict", _WINDOW, _PACKET)
        self._confirmed: packet.SSHPacket | None = None

    async def open(self) -> None:
        """Have the host open it. Raises ChannelOpenError when it does not."""
        self._confirmed = await super()._open(b"session")

    async def _open(self, chantype: bytes, *args: bytes) -> packet.SSHPacket:
        if self._confirmed is None:
            return await super()._open(chantype, *args)
        confirmed, self._confirmed = self._confirmed, None
        return confirmed

    async def start(self, session: Session, command: str, stdin: bytes | None) -> None:
        """Run a command on it. Raises ChannelOpenError when the channel or the command is refused."""
        await self.create(
            lambda: session,
            command,
            None,
            {},
            False,
            None,
            (0, 0, 0, 0),
            {},
            False,
            None,
            None,
            False,
            False,
        )
        if stdin is not None:
            self.write(stdin)
        self.write_eof()


class Place:
    """Room for one command at a time. ahead: the opening of a channel for it, when that was begun."""

    def __init__(self) -> None:
        self.ahead: asyncio.Task[Channel] | None = None

    @property
    def is_ready(self) -> bool:
        """A channel stands and waits."""
        return self.ahead is not None and self.ahead.done()


class Channels:
    """The places of one connection. capacity: how many there are now, never below 1. running: commands under way."""

    def __init__(self, capacity: int, connection: asyncssh.SSHClientConnection) -> None:
        """capacity: as many as are wanted."""
        if one_at_a_time(server_of(connection)):
            capacity = 1
        self.capacity = capacity
        self.running = 0
        self._most_running = 0
        self._connection = connection
        self._in_use = 0
        self._free = [Place() for _ in range(capacity)]
        self._changed = asyncio.Condition()
        self._openings: set[asyncio.Task[Channel]] = set()

    def _open_ahead(self) -> None:
        """Begin to open a channel for each place that is free. Only once the first one stands, which may be the only one."""
        for place in self._free:
            place.ahead = asyncio.create_task(self._opened())
            self._openings.add(place.ahead)
            place.ahead.add_done_callback(self._learn)

    async def close(self) -> None:
        """Give up what is still being opened; what stands ends with the connection."""
        for opening in self._openings:
            opening.cancel()
        await asyncio.gather(*self._openings, return_exceptions=True)

    async def _opened(self) -> Channel:
        channel = Channel(self._connection)
        await channel.open()
        return channel

    def _learn(self, opening: asyncio.Task[Channel]) -> None:
        """A place whose channel was refused is given up, unless it is the last one."""
        self._openings.discard(opening)
        if opening.cancelled() or opening.exception() is None:
            return
        for place in self._free:
            if place.ahead is opening:
                place.ahead = None
                if self.capacity > 1:
                    self._free.remove(place)
                    self.capacity -= 1
                return

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Place]:
        """Wait for a place and hold it; one whose channel stands already comes first."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._free)
            place = min(self._free, key=lambda free: (not free.is_ready, free.ahead is None))
            self._free.remove(place)
            self._in_use += 1
        try:
            yield place
        finally:
            self._in_use -= 1
            if self._in_use + len(self._free) < self.capacity:
                self._free.append(place)
            async with self._changed:
                self._changed.notify()

    async def channel(self, place: Place) -> Channel:
        """The channel for the next command at this place: the one opened ahead, or a new one, not yet opened."""
        ahead, place.ahead = place.ahead, None
        if ahead is not None:
            try:
                channel = await ahead
            except (asyncssh.Error, OSError):
                return Channel(self._connection)  # it is asked for again, and a refusal told then
            if not channel.is_closing():  # sshd's ChannelTimeout closes idle ones
                return channel
        return Channel(self._connection)

    def note_running(self) -> None:
        """One more command has its channel."""
        self.running += 1
        if not self._most_running:
            self._open_ahead()
        self._most_running = max(self._most_running, self.running)

    def note_ended(self) -> None:
        """One command's channel is given back."""
        self.running -= 1

    async def refused(self, times: int) -> bool:
        """The host refused a channel. times: in a row, this one included. True when it is worth another try."""
        if times > _TRIES and not self.running:
            return False
        if times > 1:
            self._shrink()
        await asyncio.sleep(_PAUSE_S * 2 ** min(times - 1, _TRIES))
        return True

    def _shrink(self) -> None:
        """Go down to as many as the host has ever had running for us at once."""
        self.capacity = max(1, min(self.capacity, self._most_running))
        del self._free[max(0, self.capacity - self._in_use) :]
