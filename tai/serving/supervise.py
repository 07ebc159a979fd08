"""Keeps one model server running: starts it, waits until it answers, starts it again when it crashes, stops with it.

Not the leash (`tai.serving.leash`), which sees to it that nothing is left behind, whatever happens to this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from tai.errors import ModelError
from tai.serving import leash
from tai.serving.command import Where
from tai.serving.health import healthy
from tai.serving.log import ServerLog, lines, stage
from tai.serving.ports import check_free

_SHOWN: Final = 160  # characters of a log's line on the screen
_ASKED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a person wants to know. kind: how far loading is, or that it still goes on; it answers; it crashed and
    comes again; it stops.
    """

    kind: Literal["started", "stage", "waiting", "ready", "crashed", "stopping"]
    text: str


@dataclass(frozen=True, slots=True)
class Patience:
    """restarts: most within `window_s`; backoff_s: before the first of them, then twice as long each time.

    look_s: between two looks at its health while it loads, and ten times that later; deaf: looks in a row without an answer
    until a server that runs counts as hung. ready_s: longest loading; word_s: between two words that it still loads.
    """

    restarts: int = 3
    window_s: float = 600.0
    backoff_s: float = 2.0
    look_s: float = 1.0
    deaf: int = 6
    ready_s: float = (
        1800.0  # large weights from a slow disk, compiled for the first time, take some ten minutes
    )
    word_s: float = 30.0


@dataclass(frozen=True, slots=True)
class _Ended:
    status: int
    ready: bool
    hung: bool

    @property
    def how(self) -> str:
        """In words, behind `the server`."""
        if self.hung:
            return "gave no answer any more" if self.ready else "was not ready in time"
        by = f" (by signal {self.status - 128})" if self.status > 128 else ""
        return f"ended with status {self.status}{by}"


@dataclass(frozen=True, slots=True)
class Supervised:
    """A server as it shall run. environment: what is added to ours; tell: takes each thing worth telling, as it happens."""

    command: Sequence[str]
    environment: Mapping[str, str]
    where: Where
    log: ServerLog
    tell: Callable[[Told], None]
    patience: Patience = field(default_factory=Patience)

    async def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP asks for the end. Raises ModelError when the server never answers, or crashes too
        often.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for asked in _ASKED:
            loop.add_signal_handler(asked, stop.set)
        crashes: list[float] = []
        came_up = False
        try:
            while (ended := await self._life(stop)) is not None:
                came_up = came_up or ended.ready
                if not came_up and ended.hung:
                    raise ModelError(
                        f"The model server was not ready after {_spell(self.patience.ready_s)} and was ended; --ready-timeout gives it "
                        f"more. {_trouble(self.log)}"
                    )
                if not came_up:  # what never worked will not work the next time
                    raise ModelError(
                        f"The model server {ended.how} before it was ready. {_trouble(self.log)}"
                    )
                crashes = self._counted(crashes, ended)
                wait_s = self.patience.backoff_s * 2 ** (len(crashes) - 1)
                again = f"again in {wait_s:g} s ({len(crashes)} of {self.patience.restarts})"
                self.tell(Told("crashed", f"the server {ended.how}; {again}"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await stop.wait()
                        return
        finally:
            for asked in _ASKED:
                loop.remove_signal_handler(asked)

    def _counted(self, crashes: list[float], ended: _Ended) -> list[float]:
        """The crashes that still count, this one with them. Raises ModelError where it was one too many."""
        now, window_s = time.monotonic(), self.patience.window_s
        crashes = [*(crash for crash in crashes if now - crash < window_s), now]
        if len(crashes) > self.patience.restarts:
            raise ModelError(
                f"The model server {ended.how}; that was crash {len(crashes)} within {window_s / 60:.0f} minutes, and it is not "
                f"started again. {_trouble(self.log)}"
            )
        return crashes

    async def _life(self, stop: asyncio.Event) -> _Ended | None:
        """One life of the server. None when it was stopped because that was asked for."""
        check_free(self.where)  # a killed server leaves its socket file behind, on which vLLM would stumble
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            leash.__file__,
            str(os.getpid()),
            *self.command,
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the terminal is for tai, which then asks the leash
        )
        self.tell(Told("started", f"process {process.pid}"))
        ready = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read(process, ready))
                watching = group.create_task(self._watch(ready))
                stopping = group.create_task(stop.wait())
                waits = {group.create_task(process.wait()), watching, stopping}
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                hung = watching.done()
                if stopping.done():
                    self.tell(Told("stopping", "the server is asked to end"))
                await _end(process)
                await reading
                for task in waits:
                    task.cancel()
        finally:
            await _end(process)
        assert process.returncode is not None  # noqa: S101 - it was waited for
        return None if stop.is_set() else _Ended(process.returncode, ready.is_set(), hung)

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stdout  # noqa: S101 - it is a pipe
        before = ""
        async for line in lines(process.stdout):
            self.log.take(line)
            if not ready.is_set() and (now := stage(line)) and now != before:
                before = now
                self.tell(Told("stage", now))

    async def _watch(self, ready: asyncio.Event) -> None:
        """Returns when a server that answered once does not any more, or when one that loads has had its time."""
        began = told = time.monotonic()
        missed = 0
        while missed < self.patience.deaf:
            well = await healthy(self.where)
            now = time.monotonic()
            if well and not ready.is_set():
                ready.set()
                self.tell(Told("ready", f"{now - began:.0f} s"))
            missed = missed + 1 if ready.is_set() and not well else 0
            if not ready.is_set() and now - began >= self.patience.ready_s:
                return
            if not ready.is_set() and now - told >= self.patience.word_s:
                told = now
                said = f"; the log's last line: {self.log.last[:_SHOWN]}" if self.log.last else ""
                self.tell(Told("waiting", f"not ready after {_spell(now - began)}{said}"))
            await asyncio.sleep(self.patience.look_s * (10 if ready.is_set() else 1))


def _spell(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


async def _end(process: asyncio.subprocess.Process) -> None:
    """The leash ends within its grace; it, and not this, is who kills."""
    if process.returncode is None:
        process.terminate()
        await process.wait()


def _trouble(log: ServerLog) -> str:
    said = "\n".join(f"  {line}" for line in log.trouble())
    return (
        f"Its log is {log.path}; the last that matters there:\n{said}" if said else f"Its log is {log.path}."
    )
