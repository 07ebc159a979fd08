"""Several hosts in one run: each its own investigation, session and record; what they print comes host by host, whole.

Counterpart of `tai.frontends.run`, which does one. A slow or dead host costs only itself: the others go on, and the
last lines say how each one went.
"""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from tai.errors import (
    EXIT_HOST,
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    HostError,
    TaiError,
)
from tai.events import FindingFound, ObservationMade, Stamped
from tai.frontends.activity import Activity
from tai.frontends.assembly import load_parts, new_session
from tai.frontends.console import open_console
from tai.frontends.jsonl import JsonLines
from tai.frontends.lines import BAD, FAINT, GOOD, WARN, counted, hang, heading, seconds
from tai.frontends.login import ssh_connect
from tai.frontends.output import Outputs, keep
from tai.frontends.render import Renderer
from tai.frontends.run import investigate, put_away
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.engine.gather import Connect
    from tai.frontends.assembly import Parts
    from tai.frontends.flags import Flags
    from tai.frontends.run import Work
    from tai.model import Window
    from tai.settings import Settings

_WORST_FIRST = (EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, EXIT_HOST, EXIT_INCONCLUSIVE, EXIT_OK)
_NAMED = 3  # hosts that the status line names


def run_fleet(
    flags: Flags, chosen: Settings, work: Work, targets: Sequence[Target], window: Window | None
) -> int:
    """Do `work` on each host, `hosts_at_once` of them at a time. The exit status of the worst."""
    fleet = _Fleet(flags, chosen, work, window, Outputs.of(flags, [target.name for target in targets]))
    try:
        asyncio.run(fleet.run(targets))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        put_away(chosen)
    statuses = {ended.status for ended in fleet.ended}
    return next(status for status in _WORST_FIRST if status in statuses)


@dataclass(slots=True)
class _Ended:
    """How one host went. error: in full, '' for none."""

    host: str
    status: int = EXIT_INTERNAL
    error: str = ""
    observations: int = 0
    answered: int = 0
    findings: int = 0
    took_s: float = 0.0

    def hear(self, stamped: Stamped) -> None:
        """Count what the summary tells."""
        match stamped.event:
            case ObservationMade(observation=seen):
                self.observations += 1
                self.answered += seen.outcome.answered
            case FindingFound(revised=False):
                self.findings += 1
            case _:
                pass


@dataclass(slots=True)
class _Fleet:
    flags: Flags
    chosen: Settings
    work: Work
    window: Window | None
    outputs: Outputs
    ended: list[_Ended] = field(default_factory=list)

    async def run(self, targets: Sequence[Target]) -> None:
        task = asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
        talk = open_console(sys.stderr, plain=self.chosen.plain)
        activity = Activity(talk)
        connect = ssh_connect(self.chosen, asking=activity.held)  # shared, and with it the jump hosts
        parts = load_parts(self.chosen)
        gate = asyncio.Semaphore(self.chosen.hosts_at_once)
        waiting = {target.name: None for target in targets}

        def tell() -> None:
            named = ", ".join([*waiting][:_NAMED]) + (", …" if len(waiting) > _NAMED else "")
            activity.say(f"{len(targets) - len(waiting)} of {len(targets)} hosts done; {named}")

        async def one(target: Target) -> None:
            async with gate:
                await self._one(target, connect, parts, talk)
            del waiting[target.name]
            tell()

        tell()
        try:
            async with asyncio.TaskGroup() as group:
                for target in targets:
                    group.create_task(one(target))
        except asyncio.CancelledError:
            sys.stderr.write(
                f"tai: interrupted; what was collected is in {self.chosen.state_dir / 'sessions'}\n"
            )
            raise KeyboardInterrupt from None
        finally:
            activity.end()
            if not self.flags.as_json:
                _summarise(talk, self.ended)

    async def _one(self, target: Target, connect: Connect, parts: Parts, talk: Console) -> None:
        """One host, from the login to its last line. Nothing that goes wrong with it is raised."""
        out, said = _memory(open_console(sys.stdout, plain=self.chosen.plain)), _memory(talk)
        renderer = Renderer(out, talk=said, verbose=self.flags.verbose)
        sink = JsonLines(sys.stdout) if self.flags.as_json else renderer
        ended = _Ended(target.name)
        self.ended.append(ended)
        started = time.monotonic()

        def hear(stamped: Stamped) -> None:
            ended.hear(stamped)
            sink(stamped)

        session, bus, close_record = new_session(self.chosen, hear, target)
        try:
            ended.status = await investigate(
                self.flags,
                self.chosen,
                self.work,
                session,
                bus,
                connect=connect,
                parts=parts,
                window=self.window,
            )
        except TaiError as error:
            ended.status, ended.error = error.exit_code, _cause(error)
            if not isinstance(error, HostError):  # those the renderer has told in full
                said.print(hang("tai: ", str(error), lead_style=BAD))
        except asyncio.CancelledError:
            ended.status, ended.error = EXIT_INTERRUPTED, "interrupted"
            raise
        finally:
            ended.took_s = time.monotonic() - started
            renderer.close()
            close_record()
            if not self.flags.as_json:
                talk.print(heading(target.name))
                _pour(said, talk)
                _pour(out, open_console(sys.stdout, plain=self.chosen.plain))
            if session.diagnosis is not None:
                keep(session.folder)
            self.outputs.for_host(target.name).write(session.folder)


def _cause(error: TaiError) -> str:
    """What went wrong, in a line that begins with the host's name already."""
    if isinstance(error, HostError) and error.hop == error.host:
        return " ".join(part for part in (f"{error.cause.rstrip('.')}.", error.remedy) if part)
    return str(error)


def _memory(like: Console) -> Console:
    """A console that keeps what is printed, as `like` would print it."""
    return Console(
        file=io.StringIO(),
        width=like.width,
        force_terminal=like.is_terminal,
        color_system="auto" if like.color_system else None,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=like.soft_wrap,
        legacy_windows=False,
    )


def _pour(kept: Console, into: Console) -> None:
    if isinstance(kept.file, io.StringIO):
        into.file.write(kept.file.getvalue())
        into.file.flush()


def _summarise(talk: Console, ended: Sequence[_Ended]) -> None:
    """One line for each host, in the order in which they were named to tai."""
    talk.print(heading("hosts"))
    width = max(len(one.host) for one in ended) if ended else 0
    for one in ended:
        style, word = _WORDS.get(one.status, (BAD, "failed"))
        counts = (
            f"{counted(one.answered, 'answer')} of {one.observations}, {counted(one.findings, 'finding')}"
        )
        detail = one.error or counts
        talk.print(hang(f"{one.host:<{width}}  {word:<12}  {seconds(one.took_s):>7}  ", detail, FAINT, style))


_WORDS = {
    EXIT_OK: (GOOD, "done"),
    EXIT_INCONCLUSIVE: (WARN, "inconclusive"),
    EXIT_HOST: (BAD, "not reached"),
    EXIT_INTERRUPTED: (WARN, "interrupted"),
}
