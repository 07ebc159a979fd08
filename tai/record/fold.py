"""What the events of a session amount to: its ticket, its evidence, its diagnosis. Pure; the same for every reader of a record.

Counterpart: `tai.engine.session.Session` is that state while it runs. A report is made of this, and a session that goes on
begins with it (`tai.engine.resume`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tai.events import (
    CommandSent,
    ConversationCleared,
    Diagnosed,
    EngineTurned,
    FactDropped,
    FactPinned,
    FindingFound,
    HostConnected,
    HostConnecting,
    HostFailed,
    HostTurned,
    MessageAdded,
    Noted,
    ObservationMade,
    PlanMade,
    PlannedStep,
    PromptMade,
    Receipt,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    Stamped,
    TicketParsed,
    UserSaid,
)
from tai.model import Diagnosis, Finding, Host, Observation, Pinned, Ticket


@dataclass(slots=True)
class Told:
    """The state after the last event. What belongs to one host is that of the host at hand.

    started: the first event. engine, model: who was to answer last. said: each follow-up and when it was said.
    way: how the host was gone to. steps: by number. seen: by id. messages: the conversation with the engine.
    receipts: of the last prompts, by observation. warnings: of the whole session. seq: of the last event.
    """

    session: str = ""
    began: datetime | None = None
    last: datetime | None = None
    seq: int = 0
    started: SessionStarted | None = None
    engine: str = ""
    model: str = ""
    ticket: Ticket | None = None
    said: list[tuple[datetime, str]] = field(default_factory=list)
    pinned: list[Pinned] = field(default_factory=list)
    way: HostConnecting | None = None
    host: Host | None = None
    sandbox: str = ""
    failed: HostFailed | None = None
    steps: dict[int, PlannedStep] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    sent: dict[int, CommandSent] = field(default_factory=dict)
    seen: dict[str, Observation] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    prompt: PromptMade | None = None
    receipts: dict[str, Receipt] = field(default_factory=dict)
    messages: list[MessageAdded] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    warnings: list[str] = field(default_factory=list)
    ended: SessionEnded | None = None

    @property
    def observations(self) -> list[Observation]:
        """In the order of the numbers in their ids."""
        return sorted(self.seen.values(), key=lambda each: int(each.id[1:]))

    @property
    def target(self) -> str:
        """The host's name as the user gave it; '' when none was gone to."""
        return self.way.host if self.way else ""

    def hear(self, stamped: Stamped) -> None:  # noqa: PLR0912, PLR0915 - one arm for each event that changes something
        """Take one event in."""
        self.seq, self.last = stamped.seq, stamped.at
        self.ended = None
        match stamped.event:
            case SessionStarted() as event:
                self.session, self.began, self.started = stamped.session, stamped.at, event
                self.engine, self.model = event.engine, event.model
            case SessionResumed() | EngineTurned() as event:
                self.engine, self.model = event.engine, event.model
            case TicketParsed(ticket=ticket):
                self.ticket, self.said = ticket, []
            case UserSaid(text=text):
                self.said.append((stamped.at, text))
            case FactPinned(fact=fact):
                self.pinned.append(fact)
            case FactDropped(n=n):
                del self.pinned[n - 1 : n]
            case ConversationCleared():
                self._forget_conversation()
            case HostConnecting() as event:
                self.way, self.failed = event, None
            case HostConnected(host=host, sandbox=sandbox):
                self.host, self.sandbox = host, sandbox
            case HostFailed() as event:
                self.failed = event
            case HostTurned(host=name):
                self._forget_host(name)
            case PlanMade(steps=steps, skipped=skipped):
                self.steps |= {step.n: step for step in steps}
                self.skipped = tuple(dict.fromkeys((*self.skipped, *skipped)))
            case CommandSent() as event:
                self.sent[event.n] = event
                self._by_hand(event.n, event.collector, event.probe, event.argv)
            case ObservationMade(n=n, observation=seen):
                self.seen[seen.id] = seen
                self._by_hand(n, seen.collector, seen.probe, seen.argv)
            case FindingFound(finding=finding):
                self.findings[finding.signature, finding.subject] = finding
            case PromptMade() as event:
                self.prompt = event
                self.receipts |= {receipt.observation: receipt for receipt in event.receipts}
            case MessageAdded() as event:
                del self.messages[event.number - 1 :]
                self.messages.append(event)
            case Diagnosed(diagnosis=diagnosis):
                self.diagnosis = diagnosis
            case Noted(level="warning", text=text):
                self.warnings.append(text)
            case SessionEnded() as event:
                self.ended = event
            case _:
                pass  # tells of the work, and leaves nothing behind

    def _by_hand(self, n: int, collector: str, probe: str, argv: tuple[str, ...]) -> None:
        """A command that no plan announced is a step as well; not the path guard's (0), nor what was attached."""
        if n and argv and n not in self.steps:
            self.steps[n] = PlannedStep(
                n=n, collector=collector, probe=probe, argv=argv, why="asked for by hand"
            )

    def _forget_conversation(self) -> None:
        self.ticket, self.said, self.prompt, self.diagnosis = None, [], None, None
        self.pinned.clear()
        self.messages.clear()

    def _forget_host(self, name: str) -> None:
        """The ticket and what was stated about the incident stay, as in `Investigation.use_host`."""
        self.way, self.host, self.sandbox, self.failed = HostConnecting(host=name), None, "", None
        for each in (self.steps, self.sent, self.seen, self.findings, self.receipts):
            each.clear()
        self.skipped, self.prompt, self.diagnosis = (), None, None
        self.messages.clear()


def fold(events: Iterable[Stamped]) -> Told:
    """The state after all `events`."""
    told = Told()
    for stamped in events:
        told.hear(stamped)
    return told
