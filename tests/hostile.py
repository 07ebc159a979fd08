"""A stage for hostile text: a host, a person's paste and a model that are full of it, and everything that tai then told.

Not the poison itself (`tests/poison.py`) nor what is asserted of it (`tests/test_hostile_text.py`,
`tests/test_planted_secrets.py`). Investigation, record, NDJSON, renderer and views are the real ones.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tai import resources
from tai.bus import Bus
from tai.catalog import load_catalog
from tai.commands.views import (
    DiagnosisView,
    EvidenceView,
    FindingsView,
    ObservationView,
    PlanView,
    PromptView,
    TicketView,
    View,
)
from tai.engine.investigate import Investigation
from tai.engine.options import Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.frontends.jsonl import JsonLines
from tai.frontends.render import Renderer
from tai.frontends.views import draw
from tai.llm.base import Engine
from tai.llm.deterministic import DeterministicEngine
from tai.model import Facts, Host
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire
from tai.record import Record
from tai.text import Redactor
from tai.transport.base import Completed, Connection, Target

CATALOG = load_catalog([resources.folder("collectors")])
TEMPLATES = load_templates([resources.folder("prompts")])
NONCE = "c0ffee" * 3

DB_01 = Host(name="db-01", facts=Facts(os_id="debian", family="debian", kernel="6.1"))

Answering = Callable[[tuple[str, ...]], Completed]


@dataclass
class HostileHost(Connection):
    """Answers every command with what `answering` makes of its argv. asked: every argv that came, in order."""

    answering: Answering
    host: Host = DB_01
    sandbox: Sandbox = Sandbox.NONE
    notes: tuple[str, ...] = ()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        del timeout_s
        argv = argv_of(wire)
        self.asked.append(argv)
        done = paths_as_they_are(argv) or self.answering(argv)
        return Completed(done.exit, done.stdout[:max_bytes], done.stderr, duration_s=0.01)

    async def close(self) -> None:
        """Nothing is open."""


def argv_of(wire: Wire) -> tuple[str, ...]:
    """The command in a rendered line, behind the assignments of its environment; both wire forms."""
    text = wire.command if wire.stdin is None else wire.stdin.decode().removesuffix(" </dev/null\n")
    words = text.removeprefix("exec ").replace("'\\''", "\0").split("'")[1::2]
    plain = [word.replace("\0", "'") for word in words]
    while plain and "=" in plain[0] and plain[0].split("=")[0].isupper():
        plain.pop(0)
    return tuple(plain)


def paths_as_they_are(argv: tuple[str, ...]) -> Completed | None:
    """What the path guard asks: a host without symbolic links, all on one local disk."""
    if argv[-1] == "/proc/self/mountinfo":
        return Completed(0, b"26 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n")
    paths = argv[argv.index("--") + 1 :] if "--" in argv else ()
    if argv[0] == "realpath":
        return Completed(0, "".join(f"{path}\n" for path in paths).encode())
    if argv[:2] == ("stat", "-c") and "%F|%n" in argv:
        return Completed(0, "".join(f"regular file|{path}\n" for path in paths).encode())
    return None


class Stage:
    """One investigation of `host`. Afterwards: `screen`, `ndjson`, `record`, and what `connect` said before."""

    def __init__(
        self,
        folder: Path,
        host: HostileHost | Exception,
        *,
        engine: Engine | None = None,
        said: Sequence[str] = (),
        target: str = "db-01",
    ) -> None:
        self._screen = io.StringIO()
        self._stream = io.StringIO()
        self.console = Console(
            file=self._screen,
            width=100,
            force_terminal=True,
            force_interactive=False,
            color_system="truecolor",
            markup=False,
            emoji=False,
            highlight=False,
        )
        self.record = Record(folder / "session")

        async def connect(target: Target, report: Callable[[str], None]) -> Connection:
            del target
            for line in said:
                report(line)
            if isinstance(host, Exception):
                raise host
            return host

        fallback = DeterministicEngine(CATALOG.symptoms)
        self.session = Session(id="s", folder=folder, nonce=NONCE, target=Target(target))
        self.investigation = Investigation(
            self.session,
            bus=Bus("s", [self.record, JsonLines(self._stream), Renderer(self.console, verbose=True)]),
            catalog=CATALOG,
            templates=TEMPLATES,
            connect=connect,
            engine=engine or fallback,
            fallback=fallback,
            redactor=Redactor(b"key"),
            options=Options(),
        )

    def look_at_everything(self) -> None:
        """Draw every view that a user can ask for."""
        session = self.session
        planned = tuple(step.planned for step in session.steps)
        views: list[View] = [PlanView(planned), EvidenceView(tuple(session.observations))]
        views += [ObservationView(seen, 1, 10_000) for seen in session.observations]
        views += [FindingsView(tuple(session.findings)), PromptView(session.prompt_text)]
        if session.ticket:
            views.append(TicketView(session.ticket))
        if session.diagnosis:
            sources = {seen.id: seen.source for seen in session.observations}
            views.append(DiagnosisView(session.diagnosis, sources))
        for view in views:
            draw(self.console, view)

    @property
    def screen(self) -> str:
        return self._screen.getvalue()

    @property
    def ndjson(self) -> str:
        return self._stream.getvalue()

    @property
    def recorded(self) -> str:
        return self.record.path.read_text(encoding="utf-8")

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ndjson.split("\n") if line]


def strings_in(value: object) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from strings_in(inner)
        case list() | tuple():
            for inner in value:
                yield from strings_in(inner)
        case _:
            pass
