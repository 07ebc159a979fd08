"""Gathering evidence from one host at a time: connect, plan, collect in rounds, inspect. Part of an investigation.

Not the loop (`tai.engine.investigate`), which decides when; not the sender (`tai.engine.collect`). What goes wrong with a
command is in its observation; a host that cannot be reached or trusted is told and raised.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from tai.bus import Bus
from tai.catalog import Catalog, Probe
from tai.engine.collect import Approve, Collection
from tai.engine.inspect import inspect
from tai.engine.options import Options
from tai.engine.plan import Plan, Step, expand, plan
from tai.engine.session import Session
from tai.errors import HostError, HostKeyError, InputError
from tai.events import (
    FindingFound,
    HostConnected,
    HostConnecting,
    HostFailed,
    Noted,
    ObservationMade,
    PlanMade,
)
from tai.model import Attachment, Observation, Outcome, Ticket
from tai.policy import ReadOnlyCommand
from tai.text import Redactor, sanitise
from tai.transport.base import Connection, Target

Connect = Callable[[Target, Callable[[str], None]], Awaitable[Connection]]
"""Opens a connection; the second argument takes one-line notes about how the host was reached."""

Reach = Callable[[str], Target]
"""From a host's name, as a ticket or a user gives it, to where and how to go. Raises InputError for what is no name."""


class Gathering:
    """Fills `session` with steps, observations and findings, and tells of each through `bus`."""

    def __init__(
        self,
        session: Session,
        *,
        bus: Bus,
        catalog: Catalog,
        connect: Connect,
        reach: Reach,
        redactor: Redactor,
        options: Options,
        approve: Approve,
    ) -> None:
        self.session = session
        self._bus = bus
        self._catalog = catalog
        self._connect = connect
        self._reach = reach
        self._redactor = redactor
        self._options = options
        self._approve = approve
        self._collection: Collection | None = None

    async def _connected(self) -> Connection:
        """The connection, opened when there is none. Raises HostError, after telling of it."""
        if self.session.connection is not None:
            return self.session.connection
        target = self._chosen_target()
        self._bus.emit(
            HostConnecting(host=target.name, via=tuple(target.jump.split(",")) if target.jump else ())
        )
        started = time.monotonic()
        try:
            connection = await self._connect(target, self.note)
        except HostError as error:
            self._bus.emit(
                HostFailed(
                    host=error.host,
                    hop=error.hop,
                    cause=sanitise(error.cause),
                    remedy=error.remedy,
                    trusted=not isinstance(error, HostKeyError),
                )
            )
            raise
        self.session.connection = connection
        self.session.host = connection.host
        for note in connection.notes:
            self.note(note)
        self._bus.emit(
            HostConnected(
                host=connection.host,
                sandbox=connection.sandbox.level,
                missing=tuple(f"{layer}: {reason}" for layer, reason in connection.sandbox.missing),
                took_s=round(time.monotonic() - started, 3),
            )
        )
        self._collection = Collection(
            connection,
            bus=self._bus,
            redactor=self._redactor,
            keep=self.session.add,
            caps=self._options.caps,
            approve=self._approve,
        )
        return connection

    def _chosen_target(self) -> Target:
        if self.session.target is not None:
            return self.session.target
        hosts = self.session.ticket.hosts if self.session.ticket else ()
        if not hosts:
            raise InputError(
                "the ticket names no host; name one: tai diagnose HOST, or /host NAME at the prompt"
            )
        if len(hosts) > 1:
            raise InputError(
                f"the ticket names several hosts ({', '.join(hosts)}); say which one to look at first"
            )
        self.session.target = self._reach(hosts[0])
        return self.session.target

    async def disconnect(self) -> None:
        """Close the connection, when there is one."""
        self._collection = None
        if self.session.connection is not None:
            connection, self.session.connection = self.session.connection, None
            await connection.close()

    async def look(self, names: Sequence[str], *, again: bool = False) -> None:
        """Plan and collect, in rounds: what one round finds is asked about in the next.

        names: collectors, probes or, with `again`, numbers of steps; () for the default run. again: also what was sent
        before in this session; otherwise only what is new.
        """
        if again and names and all(name.lstrip("#").isdigit() for name in names):
            await self._send([self._step(int(name.lstrip("#"))) for name in names])
            return
        made = await self._planned(names)
        sent = set() if again else {step.argv for step in self.session.steps}
        while True:
            fresh = self._numbered(step for step in made.steps if step.argv not in sent)
            if not fresh:
                return
            self._tell_plan(fresh, made.skipped)
            sent.update(step.argv for step in fresh)
            await self._send(fresh)
            self.tell_findings()
            made = expand(made, self._catalog, self._rows())

    async def show_plan(self, names: Sequence[str]) -> None:
        """Connect, find out what the host is, and tell the first round of the plan. Nothing of it is sent."""
        made = await self._planned(names)
        self._tell_plan(self._numbered(made.steps), made.skipped)

    async def _planned(self, names: Sequence[str]) -> Plan:
        connection = await self._connected()
        ticket = self.session.ticket or Ticket(text="")
        most = self._options.caps.max_commands
        return plan(self._catalog, ticket, connection.host.facts, max_commands=most, names=names)

    def _numbered(self, steps: Iterable[Step]) -> list[Step]:
        """The steps with the next free numbers, in their order: a number is never used twice in a session."""
        first = self.next_number()
        return [replace(step, n=first + at) for at, step in enumerate(steps)]

    def _tell_plan(self, steps: Sequence[Step], skipped: tuple[str, ...]) -> None:
        new = tuple(reason for reason in skipped if reason not in self.session.skipped)
        self.session.skipped = skipped
        planned = tuple(step.planned for step in steps)
        self._bus.emit(PlanMade(host=self.session.target_name, steps=planned, skipped=new))

    async def _send(self, steps: Sequence[Step]) -> None:
        """Collect these steps, under new numbers where they have been taken already."""
        await self._connected()
        if self._collection is None:
            raise InputError("there is no connection to collect over")
        taken = {step.n for step in self.session.steps}
        if any(step.n in taken for step in steps):
            steps = self._numbered(steps)
        self.session.steps.extend(steps)
        seen = await self._collection.run(steps)
        if any(each.outcome is Outcome.DISCONNECTED for each in seen):
            # The next look opens a new connection instead of talking into a dead one.
            await self.disconnect()

    def _step(self, n: int) -> Step:
        found = next((step for step in self.session.steps if step.n == n), None)
        if found is None:
            raise InputError(f"there is no step {n}; /show plan lists them")
        return found

    def _rows(self) -> dict[str, list[object]]:
        rows: dict[str, list[object]] = {}
        for seen in self.session.observations:
            if isinstance(seen.data, list):
                rows.setdefault(seen.probe, []).extend(seen.data)
        return rows

    async def run_argv(self, argv: Sequence[str], *, why: str) -> Observation:
        """Run one command that was asked for by hand. Raises PolicyRefusal when it is not allowed."""
        command = ReadOnlyCommand(argv)
        probe = Probe(id="run", title="asked for by hand", argv=command.argv)
        step = Step(self.next_number(), "run", probe, command.argv, why, "")
        await self._send([step])
        self.tell_findings()
        return next(seen for seen in self.session.observations if seen.id == step.id)

    def attach(self, attachment: Attachment) -> None:
        """Take cleaned evidence that came with the ticket, as an observation of its own."""
        n = self.next_number()
        seen = Observation(
            id=f"E{n}",
            host=self.session.target_name,
            collector="ticket",
            probe="attached",
            label=attachment.label,
            outcome=Outcome.OK if attachment.text.strip() else Outcome.EMPTY,
            text=attachment.text,
            raw_bytes=len(attachment.text.encode()),
        )
        self.session.add(seen)
        self._bus.emit(ObservationMade(n=n, observation=seen))

    def next_number(self) -> int:
        """The number of the next step or attachment; observations share it: E7 is what step 7 saw."""
        numbers = [int(seen.id[1:]) for seen in self.session.observations] + [
            step.n for step in self.session.steps
        ]
        return max(numbers, default=0) + 1

    def tell_findings(self) -> None:
        """Inspect all the evidence there is, and tell what was not told before."""
        told = {(finding.signature, finding.subject) for finding in self.session.findings}
        self.session.findings = inspect(self._catalog, self.session.observations)
        for finding in self.session.findings:
            if (finding.signature, finding.subject) not in told:
                self._bus.emit(FindingFound(finding=finding))

    def note(self, text: str, *, warning: bool = False) -> None:
        """Tell the user something about this host."""
        self._bus.emit(
            Noted(level="warning" if warning else "info", text=sanitise(text), host=self.session.target_name)
        )
