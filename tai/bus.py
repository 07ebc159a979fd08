"""Stamps events, puts them in order and hands them to every sink; the record on disk first.

Not a queue: `emit` returns when each sink has taken the event. Together with `on_disk` that makes "the record of a
command is on disk before its bytes leave" true: the collector emits `CommandSent`, waits for the disk, and only then sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

from tai.events import Event, Stamped

Sink = Callable[[Stamped], None]


class Durable(Protocol):
    """A sink that keeps what it took, and can say when that will survive a crash."""

    async def on_disk(self) -> None: ...


def utc_now() -> datetime:
    """The time in UTC; a test passes its own clock to `Bus` instead."""
    return datetime.now(UTC)


class Bus:
    """One per session. sinks: called in the given order, so the record comes first; durable: the one to wait for.
    seq: the last number that was given, in a session that goes on.

    A sink that raises stops the run: an unwritable record must never be silent.
    """

    def __init__(
        self,
        session: str,
        sinks: Iterable[Sink],
        *,
        durable: Durable | None = None,
        clock: Callable[[], datetime] = utc_now,
        seq: int = 0,
    ) -> None:
        self.session = session
        self._sinks = list(sinks)
        self._durable = durable
        self._clock = clock
        self._seq = seq

    def emit(self, event: Event) -> Stamped:
        """Deliver `event` to every sink and return it as stamped."""
        self._seq += 1
        stamped = Stamped(self._seq, self._clock(), self.session, event)
        for sink in self._sinks:
            sink(stamped)
        return stamped

    async def on_disk(self) -> None:
        """Wait until what was emitted so far is on disk, where it is kept at all. Raises what `durable` raises."""
        if self._durable is not None:
            await self._durable.on_disk()
