"""Asks tai about every recorded incident and judges what it says: `make incidents`, `python vm-fixtures/replay.py [-v] [NAME…]`.

Nothing is broken and no root is needed: the answers come from `incidents/NAME/recording/`, through the transport that
replays. The rest is the ordinary path, with the clock of the day that it was recorded on. The table is that of `live.py`.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import incident
from goal import met
from judge import HEAD, Judged, Told, judge, prompt_of, row, summary, told
from packed import is_recorded, load_recording

from tai.bus import Bus
from tai.catalog import Catalog, load_catalog
from tai.demo.recording import Recording, output_bytes, ticket_text
from tai.engine.investigate import Investigation
from tai.engine.options import Options
from tai.engine.prompt import Templates, load_templates
from tai.engine.session import Session
from tai.events import Stamped
from tai.llm.deterministic import DeterministicEngine
from tai.model import Host
from tai.policy.sandbox import parse_probe
from tai.policy.wire import Wire
from tai.resources import folder
from tai.text import Redactor
from tai.transport.base import Completed, Target
from tai.transport.replay import ReplayConnection
from tai.transport.ssh.probe import facts


class _Kept:
    """A sink that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Stamped] = []

    def __call__(self, stamped: Stamped) -> None:
        self.events.append(stamped)


_ABOUT_PATHS = {("realpath", "-m", "--"), ("stat", "-L", "-c", "%F|%n", "--")}


class _Recalled(ReplayConnection):
    """A recording that can also be asked about its paths in other company than when it was made.

    The path guard asks about a few paths in each command, and which those are changes with every plan. Both commands print
    a line for each path by itself, so a line of one command is an answer to another.
    """

    def __init__(self, host: Host, outputs: Mapping[tuple[str, ...], Completed]) -> None:
        super().__init__(host, outputs)
        self._recorded = outputs
        self._lines: dict[tuple[str, ...], dict[str, bytes]] = {words: {} for words in _ABOUT_PATHS}
        self._asked: dict[tuple[str, ...], set[str]] = {words: set() for words in _ABOUT_PATHS}
        for argv, done in outputs.items():
            for words in _ABOUT_PATHS:
                if argv[: len(words)] == words:
                    self._learn(words, argv[len(words) :], done)

    def _learn(self, words: tuple[str, ...], paths: tuple[str, ...], done: Completed) -> None:
        lines = done.stdout.splitlines(keepends=True)
        if words[0] == "realpath" and (done.exit or len(lines) != len(paths)):
            return
        named = (
            paths if words[0] == "realpath" else [line.partition(b"|")[2].decode().strip() for line in lines]
        )
        self._lines[words].update(zip(named, lines, strict=True))
        self._asked[words].update(paths)

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        spoken = tuple(shlex.split(wire.command))
        for words in _ABOUT_PATHS & {
            spoken[n : n + len(each)] for each in _ABOUT_PATHS for n in range(len(spoken))
        }:
            paths = spoken[spoken.index("--") + 1 :]
            if (*words, *paths) not in self._recorded and self._asked[words].issuperset(paths):
                lines = [self._lines[words][path] for path in paths if path in self._lines[words]]
                return Completed(int(len(lines) != len(paths)), b"".join(lines))
        return await super()._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)


def connection_of(recording: Recording) -> ReplayConnection:
    """The recorded host, with the facts that its probe told and a clock as right as it was."""
    found = parse_probe(output_bytes(recording.probe).decode())
    replayed = _Recalled(
        Host(
            name=recording.host,
            user=recording.user,
            facts=facts(found, _now(recording).timestamp() + 0.5),
        ),
        {
            command.argv: Completed(command.exit, output_bytes(command.stdout), output_bytes(command.stderr))
            for command in recording.commands
        },
    )
    replayed.mounts = found.mounts
    return replayed


def _now(recording: Recording) -> datetime:
    """The right time when it was recorded."""
    return recording.recorded_at - timedelta(seconds=recording.clock_offset_s)


async def ask(recording: Recording, ticket: str, catalog: Catalog, templates: Templates) -> Told:
    """One diagnosis by the ordinary path, without a model."""
    kept = _Kept()

    async def connect(target: Target, report: Callable[[str], None]) -> ReplayConnection:
        del target, report
        return connection_of(recording)

    engine = DeterministicEngine(catalog.symptoms, catalog.bearings)
    with tempfile.TemporaryDirectory() as scratch:
        session = Session(
            id="replay",
            folder=Path(scratch),
            nonce="replay",
            target=Target(recording.host, recording.user),
        )
        investigation = Investigation(
            session,
            bus=Bus(session.id, [kept]),
            catalog=catalog,
            templates=templates,
            connect=connect,
            engine=engine,
            fallback=engine,
            redactor=Redactor(),
            options=Options(),
            clock=lambda: _now(recording),
        )
        try:
            await investigation.diagnose(ticket)
        finally:
            await investigation.close()
    return told(kept.events)


def replay(name: str, catalog: Catalog, templates: Templates) -> tuple[Told, Judged]:
    """Ask about one recorded incident, and judge. Raises ConfigError when there is no recording."""
    place = incident.FOLDER / name / "recording"
    run = asyncio.run(ask(load_recording(place), ticket_text(place), catalog, templates))
    return run, judge(incident.load(name), run, prompt_of(run, catalog, templates))


def main(arguments: list[str]) -> int:
    """Print the table; the exit status."""
    verbose = "-v" in arguments
    named = [argument for argument in arguments if not argument.startswith("-")]
    shipped = folder("collectors")
    catalog, templates = load_catalog([shipped], proven=shipped), load_templates([folder("prompts")])
    verdicts: list[tuple[str, Judged]] = []
    print(HEAD)
    for name in named or incident.names():
        if not is_recorded(incident.FOLDER / name / "recording"):
            print(f"{name:28} not recorded", flush=True)
            continue
        truth = incident.load(name)
        run, judged = replay(name, catalog, templates)
        verdicts.append((truth.outcome, judged))
        print(row(name, truth, "diag", run, judged), flush=True)
        if verbose:
            print(f"    said: {run.diagnosis.cause}")
            for finding in run.findings:
                print(
                    f"    {finding.severity:8} {finding.signature} ({finding.subject}): {finding.cited[0].text[:110]}"
                )
    print(f"\n{summary([judged for _, judged in verdicts])}")
    missed = met(verdicts)
    for line in missed:
        print(f"goal missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
