"""The REPL over a rehearsed investigation, run as a program in a pseudo-terminal by `test_repl`. Not a test.

The investigation is small and real in what matters to a terminal: it emits events through the bus to the renderer, it
waits, it can be cancelled, and it keeps what it had. `python -m tests.frontends.rehearsal FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tai.bus import Bus
from tai.commands.context import Context
from tai.commands.views import Message, View
from tai.errors import ConfigError, HostError, InputError
from tai.events import (
    AnswerDelta,
    AnswerStarted,
    Diagnosed,
    Event,
    HostFailed,
    Interrupted,
    ObservationMade,
    SessionStarted,
    TicketParsed,
)
from tai.frontends.activity import Activity
from tai.frontends.approve import Approval
from tai.frontends.console import open_console
from tai.frontends.render import Renderer
from tai.frontends.repl import Repl
from tai.model import Diagnosis, Finding, Host, Observation, Pinned, Ticket
from tai.policy import ReadOnlyCommand
from tai.transport.base import Target


@dataclass
class RehearsedSession:
    """The fields of `tai.engine.session.Session` that commands and status read."""

    target: Target | None = None
    ticket: Ticket | None = None
    host: Host | None = None
    steps: list[Any] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    prompt_text: str = ""
    diagnosis: Diagnosis | None = None
    conversation: list[Any] = field(default_factory=list)
    prompt: Any = None
    pinned: list[Pinned] = field(default_factory=list)

    @property
    def target_name(self) -> str:
        return self.target.name if self.target else ""

    def observation(self, ref: str) -> Observation | None:
        wanted = f"E{ref.lstrip('#')}" if ref.lstrip("#").isdecimal() else ref.upper()
        return next((seen for seen in self.observations if seen.id == wanted), None)


class Rehearsed:
    """Plays `Investigation`. A ticket with `slow` in it waits for ever, one with `stream` streams an answer for ever,
    one with `busy` goes on collecting for ever, one with `held` goes on when `gate` exists, one with `stubborn` does not stop at the first request; an `unreachable` host is told and raised.
    """

    def __init__(
        self,
        emit: Callable[[Event], object],
        *,
        asked: list[str] | None = None,
        gate: Path = Path("/nonexistent"),
        approve: Callable[[ReadOnlyCommand], Awaitable[bool]] | None = None,
    ) -> None:
        self.session = RehearsedSession()
        self.asked = asked if asked is not None else []
        self._emit = emit
        self._gate = gate
        self._approve = approve

    async def diagnose(self, ticket_text: str) -> None:
        self.asked.append(f"diagnose {ticket_text}")
        lines = ticket_text.count("\n") + 1
        if not self.session.target_name and "db-01" in ticket_text:
            self.session.target = Target("db-01")
        ticket = Ticket(text=ticket_text, notes=(f"{lines} lines, ends in {ticket_text[-12:]!r}",))
        self.session.ticket = ticket
        self._emit(SessionStarted(version="0.1.0", engine="deterministic"))
        self._emit(TicketParsed(ticket=ticket))
        if not self.session.target_name:
            raise InputError("the ticket names no host")
        if "unreachable" in ticket_text:
            self._emit(HostFailed(host="db-01", hop="db-01", cause="refused", remedy="Start sshd."))
            raise HostError("db-01", "refused", "Start sshd.")
        self.session.host = Host(name=self.session.target_name)
        from tests.frontends.story import DIAGNOSIS, DISK, FINDING, PASTED, sent  # noqa: PLC0415 - late, like an engine

        try:
            for n, seen in enumerate((DISK, PASTED), start=1):
                self._emit(sent(n, seen))
                await asyncio.sleep(0)
                self.session.observations.append(seen)
                self._emit(ObservationMade(n=n, observation=seen))
            if "slow" in ticket_text or "stubborn" in ticket_text:
                self._emit(sent(3, DISK))
                await asyncio.Event().wait()
            if "long" in ticket_text:
                text = "".join(
                    f"14:05:{n % 60:02d} web[{n}]: GET /item/{n} {'x' * 90}\n" for n in range(1, 400)
                )
                seen = DISK.model_copy(update={"id": "E7", "text": f"{text}14:06 web[1]: needle\n"})
                self.session.observations.append(seen)
                self._emit(ObservationMade(n=7, observation=seen))
            if "held" in ticket_text:
                self._emit(sent(3, DISK))
                while not self._gate.exists():  # noqa: ASYNC110 - another process opens it
                    await asyncio.sleep(0.02)
            if "busy" in ticket_text:
                await self._collect_for_ever()
            self._emit(AnswerStarted(engine="vllm", model="gemma"))
            if "stream" in ticket_text:
                await self._answer_for_ever()
        except asyncio.CancelledError:
            self._emit(Interrupted(kept=len(self.session.observations)))
            if "stubborn" in ticket_text:
                await asyncio.Event().wait()
            raise
        self.session.findings.append(FINDING)
        self.session.diagnosis = DIAGNOSIS
        self._emit(Diagnosed(diagnosis=DIAGNOSIS))

    async def _collect_for_ever(self) -> None:
        """Commands end twenty times a second with 16 KB each."""
        from tests.frontends.story import DISK, sent  # noqa: PLC0415 - late, like an engine

        text = "".join(f"14:05:{n % 60:02d} web[{n}]: GET /item/{n}\n" for n in range(600))
        for n in count(5):
            self._emit(sent(n, DISK))
            await asyncio.sleep(0.05)
            self._emit(
                ObservationMade(n=n, observation=DISK.model_copy(update={"id": f"E{n}", "text": text}))
            )

    async def _answer_for_ever(self) -> None:
        """A hundred pieces a second, of one sentence."""
        self._emit(AnswerDelta(text='{"hypotheses": ["It is '))
        while True:
            self._emit(AnswerDelta(text="the disk, or "))
            await asyncio.sleep(0.01)

    async def follow_up(self, text: str) -> None:
        self.asked.append(f"follow_up {text}")
        if self.session.diagnosis is None:
            await self.diagnose(text)
            return
        self._emit(Diagnosed(diagnosis=self.session.diagnosis.model_copy(update={"cause": f"About {text}"})))

    async def collect(self, names: Sequence[str]) -> None:
        self.asked.append(f"collect {' '.join(names)}")

    async def use_host(self, name: str) -> None:
        self.asked.append(f"use_host {name}")
        self.session.target = Target(name)
        self.session.host = None
        self.session.observations.clear()
        self.session.diagnosis = None

    async def run_line(self, text: str) -> list[Observation]:
        self.asked.append(f"run_line {text}")
        if text.startswith("ask "):
            if self._approve is None or not await self._approve(ReadOnlyCommand(text.split()[1:])):
                raise InputError("you did not want it to run")
            return self.session.observations[:1]
        if text.startswith("df"):
            return self.session.observations[:1]
        raise InputError(f"{text} is not in the catalogue")

    async def look_at_paths(self, paths: Sequence[str]) -> None:
        self.asked.append(f"look_at_paths {' '.join(paths)}")

    def set_window(self, text: str) -> None:
        self.asked.append(f"set_window {text}")

    who = "deterministic"

    async def next_check(self, n: int) -> None:
        self.asked.append(f"next_check {n}")

    async def auto(self, rounds: int) -> None:
        self.asked.append(f"auto {rounds}")

    def pin(self, text: str) -> None:
        self.asked.append(f"pin {text}")
        self.session.pinned.append(Pinned(text=text))

    def unpin(self, n: int) -> None:
        self.asked.append(f"unpin {n}")
        self.session.pinned.pop(n - 1)

    async def clear(self) -> None:
        self.asked.append("clear")
        self.session.ticket = None
        self.session.diagnosis = None

    async def close(self) -> None:
        self.asked.append("close")
        if self._gate.parent.is_dir():
            (self._gate.parent / "closed").touch()


def context(investigation: Rehearsed, show: Callable[[View], None]) -> Context:
    """A context around a rehearsed investigation, with a catalogue of one collector."""

    async def doctor(host: str) -> None:
        show(Message(f"looked at {host or 'this machine'}"))

    probes = [SimpleNamespace(id="filesystems", title="Space on each filesystem")]
    collectors = [SimpleNamespace(name="disk", title="Disks and filesystems", probes=probes)]
    return Context(
        investigation=cast("Any", investigation),
        catalog=cast("Any", SimpleNamespace(collectors=collectors)),
        show=show,
        doctor=doctor,
    )


def main(folder: Path) -> int:
    """Talk in this terminal. `FOLDER/broken` makes the opening fail, as a bad collector file would."""
    console = open_console(sys.stdout, plain=(folder / "plain").exists())
    activity = Activity(console)
    renderer = Renderer(console, interactive=True, activity=activity)
    approval = Approval(console)

    async def approve(command: ReadOnlyCommand) -> bool:
        with renderer.held():
            return await approval(command)

    bus = Bus("rehearsal", [renderer])

    def opening(show: Callable[[View], None]) -> Context:
        if (folder / "broken").exists():
            raise ConfigError(folder / "bad.toml", "unknown key", line=3)
        return context(Rehearsed(bus.emit, gate=folder / "go", approve=approve), show)

    repl = Repl(
        console,
        opening,
        activity=activity,
        greeting="tai 0.1.0 · read-only · /help",
        engine="deterministic",
        history=folder / "state" / "history",
        vi=(folder / "vi").exists(),
        plain=(folder / "plain").exists(),
    )
    try:
        return asyncio.run(repl.run())
    except ConfigError as error:
        sys.stderr.write(f"tai: {error}\n")
        return error.exit_code
    finally:
        renderer.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
