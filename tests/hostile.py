"""A stage for hostile text: a host, a person's paste and a model that are full of it, and everything that tai then told.

Not the poison itself (`tests/poison.py`). Investigation, record, NDJSON, renderer and views are the real ones. `prove` is
what must hold of every investigation, whatever it was fed.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tai import resources
from tai.bus import Bus
from tai.commands.views import (
    DiagnosisView,
    EvidenceView,
    FindingsView,
    ObservationView,
    PlanView,
    TextView,
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
from tai.policy import ReadOnlyCommand, Tier
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire
from tai.record import Record, verify
from tai.text import Redactor
from tai.text.sanitise import FORBIDDEN
from tai.transport.base import Completed, Connection, Target
from tests.poison import ROLE_TOKENS
from tests.shipped import shipped

CATALOG = shipped()
TEMPLATES = load_templates([resources.folder("prompts")])
NONCE = "c0ffee" * 3

DB_01 = Host(name="db-01", facts=Facts(os_id="debian", family="debian", kernel="6.1"))

# What rich itself writes to a terminal: colours, and nothing that moves, links or names.
OWN_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LIVE_LINK = re.compile(r"(?i)[a-z]://|\]\(|\bjavascript:\S|\bwww\.\w|<(?:a|img|script|iframe)\b")
LABEL = re.compile(r"^\s*(E\d+):(\d+)\|")

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
        options: Options | None = None,
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
        self.asked_about: list[ReadOnlyCommand] = []

        async def connect(target: Target, report: Callable[[str], None]) -> Connection:
            del target
            for line in said:
                report(line)
            if isinstance(host, Exception):
                raise host
            return host

        fallback = DeterministicEngine(CATALOG.symptoms, CATALOG.bearings)
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
            options=options or Options(),
            approve=self._approve,
        )

    async def _approve(self, command: ReadOnlyCommand) -> bool:
        """A person who says no, and of whom it is noted what they were asked."""
        self.asked_about.append(command)
        return False

    def look_at_everything(self) -> None:
        """Draw every view that a user can ask for."""
        session = self.session
        planned = tuple(step.planned for step in session.steps)
        views: list[View] = [PlanView(planned), EvidenceView(tuple(session.observations))]
        views += [ObservationView(seen, 1, 10_000) for seen in session.observations]
        views += [FindingsView(tuple(session.findings)), TextView(session.prompt_text)]
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


def prove(stage: Stage, host: HostileHost | None = None) -> None:
    """Everything that is promised, of one investigation that has ended."""
    stage.look_at_everything()
    assert_terminal_is_clean(stage.screen)
    assert_lines_are_clean(stage)
    assert_prompt_is_tais(stage)
    assert_no_link_of_a_model_is_live(stage)
    assert_checks_are_the_policys(stage)
    if host is not None:
        assert_nothing_was_obeyed(host)


def assert_terminal_is_clean(screen: str) -> None:
    found = FORBIDDEN.search(OWN_COLOURS.sub("", screen))
    assert found is None, ascii(screen[max(0, found.start() - 80) : found.end() + 20])


def assert_lines_are_clean(stage: Stage) -> None:
    for text in (stage.ndjson, stage.recorded):
        assert text.endswith("\n")
        assert len(text.splitlines()) == text.count("\n"), "nothing that some reader takes for a line's end"
        for line in text.split("\n")[:-1]:
            event = json.loads(line)
            assert isinstance(event, dict)
            for said in strings_in(event):
                found = FORBIDDEN.search(said)
                assert found is None, (event.get("kind"), ascii(said[:200]))
    assert verify(stage.recorded.splitlines()) is None


def assert_prompt_is_tais(stage: Stage) -> None:
    observed = {seen.id: seen for seen in stage.session.observations}
    for message in stage.session.conversation:
        text = message.content
        assert [token for token in ROLE_TOKENS if token in text] == []
        assert FORBIDDEN.search(text) is None
        inside = False
        for line in text.split("\n"):
            if line in {f"<<<EVIDENCE {NONCE}", f"EVIDENCE {NONCE}>>>"}:
                inside = line.startswith("<<<")
            elif label := LABEL.match(line):
                assert inside, f"a label outside the evidence: {line[:100]!r}"
                assert line.startswith(label[0].strip()), "tai's own labels are not indented"
                assert 0 < int(label[2]) <= len(observed[label[1]].lines)
        assert not inside


def assert_checks_are_the_policys(stage: Stage) -> None:
    """What findings and diagnosis propose is canonical, allowed, and labelled by the policy's own tier."""
    for finding in stage.session.findings:
        for argv in finding.checks:
            assert ReadOnlyCommand(argv).argv == argv
    for each in stage.session.diagnosis.next_checks if stage.session.diagnosis else ():
        assert ReadOnlyCommand(each.argv).argv == each.argv
        assert ReadOnlyCommand(each.argv).tier == each.tier


def assert_no_link_of_a_model_is_live(stage: Stage) -> None:
    """In what is told of a diagnosis: not in its own words. A line that the host printed is told as it is."""
    for event in stage.events():
        if event["kind"] == "diagnosed":
            for said in own_words(event["diagnosis"]):
                assert LIVE_LINK.search(said) is None, said[:200]


def own_words(value: object) -> Iterator[str]:
    """The strings of a diagnosis but for quoted lines and command lines."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                if key not in {"quotes", "quote", "argv", "dropped", "degraded", "model", "reasons"}:
                    yield from own_words(inner)
        case list():
            for inner in value:
                yield from own_words(inner)


def assert_nothing_was_obeyed(host: HostileHost) -> None:
    collectors = {probe.argv[0] for each in CATALOG.collectors for probe in each.probes}
    variants = {
        v.argv[0] for each in CATALOG.collectors for probe in each.probes for v in probe.variants if v.argv
    }
    for argv in host.asked:
        assert argv[0] in collectors | variants | {"cat", "realpath", "stat"}, argv
        assert ReadOnlyCommand(argv).argv == argv
        assert ReadOnlyCommand(argv).tier is Tier.A, argv
        assert not any("/tmp/" in word or "evil.example" in word for word in argv), argv
