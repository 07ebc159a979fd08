"""The way to a host as `tai doctor` tells it: each hop's name, connection, greeting, host key and login, as they come.

Not the login itself (`tai.transport.ssh.login`), which is watched here. The step that fails is the one after the last that
was told, unless the error knows better.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tai.errors import HostError, HostKeyError, TaiError
from tai.frontends.doctor.line import Line
from tai.transport.base import Connection
from tai.transport.ssh.client import Stage
from tai.transport.ssh.resolve import Hop

_WORDS: Final = {
    Stage.CONNECTING: "tcp",
    Stage.GREETING: "exchange",
    Stage.KEY_EXCHANGE: "host key",
    Stage.LOGIN: "login",
}
_NEXT: Final = ("tcp", "exchange", "host key", "login", "probe")
_RESOLVE_S: Final = 10.0  # as long as glibc's resolver waits for two servers, twice


@dataclass(slots=True)
class Watched:
    """Takes the steps of a login as they are done, and gives them out as lines."""

    hops: Sequence[Hop]
    _lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    _at: float = field(default_factory=time.monotonic)
    _hop: Hop | None = None
    _done: int = 0

    def __call__(self, hop: Hop, stage: Stage, said: str) -> None:
        """A `Watch` of `tai.transport.ssh.login`."""
        if hop != self._hop:
            self._hop, self._done = hop, 0
        self._done = _NEXT.index(_WORDS[stage]) + 1
        now = time.monotonic()
        took, self._at = now - self._at, now
        self._lines.put_nowait(Line("ok", _WORDS[stage], f"{self._where(hop)}{said}, {took * 1000:.0f} ms"))

    async def connect(self, login: asyncio.Task[Connection]) -> AsyncIterator[Line]:
        """The lines while `login` goes on, and the one of its failure."""
        while not login.done() or not self._lines.empty():
            step = asyncio.ensure_future(self._lines.get())
            await asyncio.wait({step, login}, return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                yield step.result()
            else:
                step.cancel()
        try:
            login.result()
        except TaiError as error:
            yield self._failed(error)

    def _failed(self, error: TaiError) -> Line:
        if not isinstance(error, HostError):
            return Line("fail", "login", str(error))
        hop = next((hop for hop in self.hops if hop.name == error.hop), self.hops[-1])
        step = _NEXT[self._done if hop == self._hop else 0]
        what = "host key" if isinstance(error, HostKeyError) else step
        return Line("fail", what, f"{self._where(hop)}{error.cause}", error.remedy)

    def _where(self, hop: Hop) -> str:
        """`hop 1 of 2, bastion: `, or nothing where the way is direct."""
        return (
            f"hop {self.hops.index(hop) + 1} of {len(self.hops)}, {hop.name}: " if len(self.hops) > 1 else ""
        )


async def look_up(hop: Hop) -> Line:
    """Whether the first hop's name has an address here. Those behind it are looked up by the hop before them."""
    settings = hop.settings
    if settings.proxy_command:
        return Line("ok", "dns", f"{settings.hostname} is left to the ProxyCommand")
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(
                settings.hostname, settings.port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return Line(
            "fail",
            "dns",
            f"{settings.hostname}: no answer within {_RESOLVE_S:g} s",
            "The name servers of /etc/resolv.conf may be out of reach; an address instead of the name does without.",
        )
    except OSError as error:
        return Line(
            "fail",
            "dns",
            f"{settings.hostname}: {error.strerror or error}",
            "Check the spelling and DNS; a name that only a bastion knows needs -J or ProxyJump.",
        )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if addresses == [settings.hostname]:
        return Line("ok", "dns", f"{settings.hostname} is an address: there is nothing to look up")
    return Line("ok", "dns", f"{settings.hostname} is {', '.join(addresses)}")
