"""A host that tai is logged in to: commands over channels of one SSH connection, a few at a time.

Not the login (`tai.transport.ssh.login`) and not the policy: `_execute` sends what `tai.transport.run` rendered.

A link that breaks costs the commands that were under way, with what they had printed kept. A command that had not been
sent yet goes over a new login, once: a login after which no command ended earns no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tai.errors import HostError
from tai.model import Host
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire
from tai.transport.base import Completed, Connection, Limits
from tai.transport.ssh.channels import Channel, Channels
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.resolve import Hop
from tai.transport.ssh.servers import one_at_a_time, server_of
from tai.transport.ssh.session import End, Session
from tai.transport.ssh.spoken import clean
from tai.transport.ssh.way import Way

_STOP_WAIT_S = 2.0  # how long a channel that is still opening is waited for, to stop the command on it


class SSHConnection(Connection):
    """A host over SSH. name: as the user typed it; way: the hops to it, logged in to.

    again: makes the same way anew. report: takes a line about that.
    probe_output: what the probe printed, raw. noise: what the account's start-up files print before every output, as seen
    before the probe's; it is taken off the front of each output that begins with it, because no command printed it.
    """

    def __init__(
        self,
        name: str,
        way: Way,
        limits: Limits,
        *,
        again: Callable[[], Awaitable[Way]],
        report: Callable[[str], None],
    ) -> None:
        hops = way.hops
        settings = hops[-1].settings
        self.host = Host(
            name=name,
            user=settings.user,
            port=settings.port,
            via=tuple(hop.label for hop in hops[:-1]),
        )
        self.sandbox = Sandbox.NONE
        self.probe_output = b""
        self.noise = b""
        self._way = way
        self._limits = limits
        self._channels = Channels(limits.channels, way.link.connection)
        self._again = again
        self._report = report
        self._repair = asyncio.Lock()
        self._used = False
        self._given_up = ""
        self.notes = tuple(
            dict.fromkeys((*(note for hop in hops for note in hop.settings.notes), *way.warnings))
        )
        self.details = (*_not_honoured(hops), *_careful(way))

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        """See Connection. What is taken off the output: see `noise`."""
        completed = await self._attempt(wire, timeout_s, max_bytes + len(self.noise))
        return replace(completed, stdout=completed.stdout.removeprefix(self.noise))

    async def _attempt(self, wire: Wire, timeout_s: float, max_bytes: int) -> Completed:
        """Get a channel and run there. One that the host refuses is asked for again; see `Channels`."""
        refusals = 0
        while True:
            started = time.monotonic()
            if broken := await self._repaired():
                return Completed(None, disconnected=broken)
            channels = self._channels
            async with channels.one() as place:
                session = Session(max_bytes, on_open=channels.note_running)
                try:
                    return await self._run(session, await channels.channel(place), wire, timeout_s, started)
                except (asyncssh.Error, OSError) as error:
                    if lost := self._way.lost:
                        if session.is_open:  # it may have been sent
                            return _completed(session, started, disconnected=clean(lost))
                        continue
                    if not isinstance(error, asyncssh.ChannelOpenError):
                        return _completed(session, started, disconnected=clean(str(error)))
                    refusals += 1
                    if not await channels.refused(refusals):
                        reason = f"the host opens no channel for a command: {clean(error.reason)}"
                        return _completed(session, started, disconnected=reason)
                finally:
                    if session.is_open:
                        self._used = True
                        channels.note_ended()

    async def _repaired(self) -> str:
        """Log in anew when the link is broken. '' when it stands; else why it does not, and no command is sent."""
        if not self._way.lost and not self._given_up:
            return ""
        async with self._repair:
            lost = self._way.lost
            if self._given_up or not lost:
                return self._given_up
            if not self._used:
                self._given_up = lost
                return lost
            self._used = False
            await self._channels.close()
            await self._way.close()
            try:
                self._way = await self._again()
            except HostError as error:
                self._given_up = f"{clean(lost)}; no new login either: {error.cause}"
                return self._given_up
            self._channels = Channels(self._limits.channels, self._way.link.connection)
            self._report(f"the link to {self.host.name} broke ({clean(lost)}); logged in anew")
            return ""

    @property
    def is_broken(self) -> bool:
        return bool(self._way.lost or self._given_up)

    async def close(self) -> None:
        self._given_up = self._given_up or "the connection was closed"
        await self._channels.close()
        await self._way.close()

    async def _run(
        self, session: Session, channel: Channel, wire: Wire, timeout_s: float, started: float
    ) -> Completed:
        """Send the command and wait. Whatever ends the wait early stops the remote command too."""
        opening = asyncio.ensure_future(channel.start(session, wire.command, wire.stdin))
        timed_out = False
        try:
            async with asyncio.timeout(timeout_s):
                # Shielded: a channel whose opening was given up would still start the command, with nobody to stop it.
                await asyncio.shield(opening)
                end = await session.end()
        except TimeoutError:
            timed_out = True
            await _stop(session, channel, opening)
        except asyncio.CancelledError:
            await _stop(session, channel, opening)
            raise
        else:
            if end is End.FULL:
                await _stop(session, channel, opening)
        return _completed(session, started, timed_out=timed_out, truncated=session.overflowed)


def _not_honoured(hops: Sequence[Hop]) -> tuple[str, ...]:
    return tuple(
        f"not honoured for {hop.name}: {', '.join(hop.settings.not_honoured)}"
        for hop in hops
        if hop.settings.not_honoured
    )


def _careful(way: Way) -> tuple[str, ...]:
    version = server_of(way.link.connection)
    if not one_at_a_time(version):
        return ()
    name = clean(version).removeprefix("SSH-2.0-")
    return (f"commands go one at a time: {name} loses the connection on which several run",)


async def _stop(session: Session, channel: Channel, opening: asyncio.Future[None]) -> None:
    """Stop a command whose channel is open, or still opening: an answer to that is awaited for two seconds at most."""
    try:
        async with asyncio.timeout(_STOP_WAIT_S):
            await opening
    except (TimeoutError, asyncssh.Error, OSError):
        return
    await session.stop(channel)


def _completed(
    session: Session,
    started: float,
    *,
    timed_out: bool = False,
    truncated: bool = False,
    disconnected: str = "",
) -> Completed:
    stopped = timed_out or truncated
    return Completed(
        exit=None if stopped or disconnected or session.lost else session.exit,
        stdout=bytes(session.stdout),
        stderr=bytes(session.stderr),
        signal="" if stopped else session.signal,
        duration_s=time.monotonic() - started,
        truncated=truncated,
        timed_out=timed_out,
        disconnected=disconnected or ("" if stopped else session.lost),
    )
