"""A host that tai is logged in to: commands over channels of one SSH connection, a few at a time.

Not the login (`tai.transport.ssh.login`) and not the policy: `_execute` sends what `tai.transport.run` rendered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tai.model import Host
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire
from tai.transport.base import Completed, Connection, Limits
from tai.transport.ssh.channels import Channels
from tai.transport.ssh.client import Client
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.resolve import Hop
from tai.transport.ssh.session import End, Session
from tai.transport.ssh.spoken import clean

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


class SSHConnection(Connection):
    """A host over SSH. name: as the user typed it; links: the way to it, the last is the host itself.

    probe_output: what the probe printed, raw. noise: what the account's start-up files print before every output, as seen
    before the probe's; it is taken off the front of each output that begins with it, because no command printed it.
    """

    def __init__(self, name: str, links: Sequence[Link], limits: Limits) -> None:
        hops = [link.hop for link in links]
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
        self._links = tuple(links)
        self._channels = Channels(limits.channels)
        self.notes = tuple(
            dict.fromkeys((*_setting_notes(hops), *(w for link in links for w in link.warnings)))
        )

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        """See Connection. What is taken off the output: see `noise`."""
        completed = await self._attempt(wire, timeout_s, max_bytes + len(self.noise))
        return replace(completed, stdout=completed.stdout.removeprefix(self.noise))

    async def _attempt(self, wire: Wire, timeout_s: float, max_bytes: int) -> Completed:
        """Get a channel and run there. One that the host refuses is asked for again; see `Channels`."""
        refusals = 0
        while True:
            async with self._channels.one() as slot:
                started = time.monotonic()
                session = Session(max_bytes, on_open=slot.opened)
                try:
                    return await self._run(session, wire, timeout_s, started)
                except asyncssh.ChannelOpenError as error:
                    refusals += 1
                    if lost := self._links[-1].client.lost:
                        return _completed(session, started, disconnected=clean(lost))
                    if not await slot.refused(refusals):
                        reason = f"the host opens no channel for a command: {clean(error.reason)}"
                        return _completed(session, started, disconnected=reason)
                except (asyncssh.Error, OSError) as error:
                    return _completed(session, started, disconnected=clean(str(error)))

    async def close(self) -> None:
        for link in reversed(self._links):
            await link.close()

    async def _run(self, session: Session, wire: Wire, timeout_s: float, started: float) -> Completed:
        """Open a channel, send the command, wait. Whatever ends the wait early stops the remote command too."""
        opening = asyncio.ensure_future(self._open(session, wire))
        timed_out = False
        try:
            async with asyncio.timeout(timeout_s):
                # Shielded: a channel whose opening was given up would still start the command, with nobody to stop it.
                await asyncio.shield(opening)
                end = await session.end()
        except TimeoutError:
            timed_out = True
            await _stop(session, opening)
        except asyncio.CancelledError:
            await _stop(session, opening)
            raise
        else:
            if end is End.FULL:
                await _stop(session, opening)
        return _completed(session, started, timed_out=timed_out, truncated=session.overflowed)

    async def _open(self, session: Session, wire: Wire) -> asyncssh.SSHClientChannel[bytes]:
        channel, _ = await self._links[-1].connection.create_session(
            lambda: session,
            wire.command,
            encoding=None,
            request_pty=False,
            term_type=None,
            env={},
            send_env=[],
            x11_forwarding=False,
        )
        if wire.stdin is not None:
            channel.write(wire.stdin)
        channel.write_eof()
        return channel


def _setting_notes(hops: Sequence[Hop]) -> list[str]:
    notes = [note for hop in hops for note in hop.settings.notes]
    return notes + [
        f"not honoured for {hop.name}: {', '.join(hop.settings.not_honoured)}"
        for hop in hops
        if hop.settings.not_honoured
    ]


async def _stop(session: Session, opening: asyncio.Future[asyncssh.SSHClientChannel[bytes]]) -> None:
    """Stop a command whose channel is open, or still opening: an answer to that is awaited for two seconds at most."""
    try:
        async with asyncio.timeout(_CLOSE_WAIT_S):
            channel = await opening
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
