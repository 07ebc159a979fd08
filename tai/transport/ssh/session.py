"""One command's channel: what it printed, how it ended, and stopping it.

Not the decision to run it, nor how many run at once (`tai.transport.ssh.connection`). No terminal is ever asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.spoken import clean

STDERR_CAP = 64 * 1024  # bytes; messages fit, and a command that floods stderr must not fill our memory
_STOP_WAIT_S = 1.0  # how long a command that was told to stop may take before it is killed


class End(Enum):
    """Why a session's wait is over."""

    CLOSED = "closed"  # by the host, with or without an exit status
    FULL = "full"  # standard output passed its cap


class Session(asyncssh.SSHClientSession[bytes]):
    """Collects one command's output. max_bytes: cap on standard output; what comes after it is dropped.

    on_open: called once when the host has opened the channel; is_open is True from then on.
    """

    def __init__(self, max_bytes: int, *, on_open: Callable[[], None]) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.exit: int | None = None
        self.signal = ""
        self.lost = ""
        self.overflowed = False
        self.is_open = False
        self._max_bytes = max_bytes
        self._on_open = on_open
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()

    async def end(self) -> End:
        """Wait until the command has ended, the link broke, or the cap was passed."""
        await self._changed.wait()
        return End.FULL if self.overflowed and not self._closed.is_set() else End.CLOSED

    async def stop(self, channel: asyncssh.SSHClientChannel[bytes]) -> None:
        """End the remote command: TERM, a second for it, KILL; then close the channel. Bounded also on a dead link.

        OpenSSH passes signals on from 7.9, but never for a root login ("session signalling requires privilege
        separation"). There a command that prints ends by SIGPIPE, and one that is silent by the remote `timeout`.
        """
        try:
            if not self._closed.is_set():
                channel.send_signal("TERM")
                async with asyncio.timeout(_STOP_WAIT_S):
                    await self._closed.wait()
        except TimeoutError:
            channel.send_signal("KILL")
        except OSError:
            pass  # the channel closed in the same moment
        finally:
            channel.abort()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        del chan
        self.is_open = True
        self._on_open()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self.stderr += data[: STDERR_CAP - len(self.stderr)]
            return
        room = self._max_bytes - len(self.stdout)
        self.stdout += data[:room]
        if len(data) > room:
            self.overflowed = True
            self._changed.set()

    def eof_received(self) -> bool:
        return True  # keep the channel: the exit status comes after the end of the output

    def exit_status_received(self, status: int) -> None:
        self.exit = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001
        del core_dumped, msg, lang
        self.signal = clean(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.lost = clean(str(exc)) or type(exc).__name__
        elif self.exit is None and not self.signal:
            self.lost = "the channel closed without an exit status"
        self._closed.set()
        self._changed.set()
