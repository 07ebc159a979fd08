"""Gathering evidence from one host at a time: connect, plan, collect in rounds, inspect. Part of an investigation.

Not the loop (`tai.engine.investigate`), which decides when; not the sender (`tai.engine.collect`). What goes wrong with a
command is in its observation; a host that cannot be reached or trusted is told and raised.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from operator import is_
from typing import Literal

from tai.bus import Bus
from tai.catalog import Catalog, Probe
from tai.engine import named_paths
from tai.engine.collect import Approve, Collection
from tai.engine.destinations import Destinations
from tai.engine.grants import Grants
from tai.engine.inspect import MOST_SUBJECTS, Inspection
from tai.engine.options import Options
from tai.engine.plan import Plan, Seen, Step, expand, later, plan
from tai.engine.pseudonyms import Pseudonyms
from tai.engine.session import Session
from tai.engine.sudo import Sudo
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
from tai.model import Attachment, Host, NextCheck, Observation, Outcome, Ticket
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
        pseudonyms: Pseudonyms,
        options: Options,
        approve: Approve,
    ) -> None:
        self.session = session
        self._bus = bus
        self._catalog = catalog
        self._connect = connect
        self._reach = reach
        self._redactor = redactor
        self._pseudonyms = pseudonyms
        self._options = options
        self._approve = approve
        self._collection: Collection | None = None
        self._grants: dict[str, Grants] = {}
        self._inspection = Inspection(catalog)
        self._inspected: tuple[Observation, ...] = ()
        self._paths = options.paths

    async def look_below(self, paths: Sequence[str]) -> None:
        """List what lies below `paths`, which the user has named, and read what tells most there."""
        self._paths = tuple(dict.fromkeys((*self._paths, *paths)))
        await self.connected()
        sent = {step.argv for step in self.session.steps}
        await self._look_below_named_paths(sent, self._collection.deadline() if self._collection else None)

    async def connected(self) -> Connection:
        """The connection, opened when there is none. Raises HostError, after telling of it."""
        if self.session.connection is not None:
            return self.session.connection
        if self.session.sealed:
            raise InputError(f"{self.session.sealed}; /host NAME looks at a host anew")
        target = self._chosen_target()
        self._bus.emit(
            HostConnecting(
                host=target.name,
                via=tuple(target.jump.split(",")) if target.jump else (),
                user=target.user or "",
                port=target.port,
                identity_files=tuple(map(str, target.identity_files)),
                ssh_config=target.use_ssh_config,
            )
        )
        started = time.monotonic()
        try:
            connection = await self._connect(target, self.note)
        except HostError as error:
            self._bus.emit(
                HostFailed(
                    host=error.host,
                    hop=sanitise(error.hop),
                    cause=sanitise(error.cause),
                    remedy=sanitise(error.remedy),
                    trusted=not isinstance(error, HostKeyError),
                )
            )
            raise
        self.session.connection = connection
        self.session.host = host = connection.host
        self._pseudonyms.learn(
            hosts=(target.name, host.name, host.facts.node, *map(_host_of, host.via)), users=(host.user,)
        )
        for note in connection.notes:
            self.note(note)
        for detail in connection.details:
            self.note(detail, level="detail")
        if others := self._others_than(host, target.name):
            self.note(f"the ticket names {others}, and this is another host")
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
            pseudonyms=self._pseudonyms,
            keep=self.session.add,
            kept=self._tell_certain_findings,
            caps=self._options.caps,
            grants=self._granted,
            ticket=lambda: self.session.ticket,
            approve=self._approve,
        )
        return connection

    def _others_than(self, host: Host, typed: str) -> str:
        """The hosts that the ticket names, in words, when this is none of them by any name that it is known by."""
        named = self.session.ticket.hosts if self.session.ticket else ()
        known = {_short(name) for name in (typed, host.name, host.facts.node) if name}
        return "" if known.intersection(map(_short, named)) else " and ".join(named)

    @property
    def _granted(self) -> Grants:
        """What the user has granted for the host at hand."""
        name = self.session.target_name
        if name not in self._grants:
            self._grants[name] = Grants(
                Sudo(allowed=self._options.sudo(name)), Destinations(hosts=[name] if name else [])
            )
            for seen in self.session.observations:  # of a session that goes on
                if seen.argv and seen.outcome.answered:
                    self._grants[name].destinations.learn(seen.argv, seen.text)
        return self._grants[name]

    @property
    def sudo_allowed(self) -> bool:
        """Whether sudo is on for the host at hand: the config says so, and it was not refused."""
        return self._granted.sudo.allowed and not self._granted.sudo.off

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

    async def let_go(self) -> None:
        """After an interrupt: see that what was stopped here ends on the host too.

        sshd passes signals to commands, but not to root's. Those end with the connection (the sandbox's leash), so it is
        closed; the next look opens another.
        """
        if self.session.host is not None and self.session.host.facts.euid == 0:
            await self.disconnect()

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
        sent = set() if again else {step.argv for step in self.session.steps}
        made = await self._planned(names, sent)
        deadline = self._collection.deadline() if self._collection else None
        if not again:
            await self._look_below_named_paths(sent, deadline)
        while True:
            fresh = self._numbered(step for step in made.steps if step.argv not in sent)
            if not fresh:
                break
            self._tell_plan(fresh, made.skipped)
            sent.update(step.argv for step in fresh)
            await self._send(fresh, deadline)
            self.tell_findings()
            if self._stopped():
                break
            made = expand(made, self._catalog, self._seen())
        self._tell_bounds(made)

    async def show_plan(self, names: Sequence[str]) -> None:
        """Connect, find out what the host is, and tell the first round of the plan. Nothing of it is sent."""
        made = await self._planned(names, set())
        steps = self._numbered([*self._listings(set()), *made.steps])
        self._tell_plan(steps, made.skipped, later(made, self._catalog))

    def _listings(self, sent: set[tuple[str, ...]]) -> list[Step]:
        """The listing of each path that the user named on the command line, which is their consent to it."""
        listings = []
        for path in self._paths:
            probe, argv = named_paths.listing(path)
            if argv not in sent:
                self._granted.agreed.add(argv)
                listings.append(Step(0, "paths", probe, argv, f"you named {path}", "", {"path": path}))
        return listings

    async def _look_below_named_paths(self, sent: set[tuple[str, ...]], deadline: float | None) -> None:
        """List what lies below each named path, then read the files there that tell most."""
        listings = self._numbered(self._listings(sent))
        if not listings:
            return
        self._tell_plan(listings, ())
        seen = await self._send(listings, deadline)
        files: list[Step] = []
        left_out: list[str] = []
        for step, listed in zip(listings, seen, strict=True):
            named = step.slots["path"]
            choice = named_paths.choose(
                self._catalog,
                named,
                *self._pseudonyms.reveal([listed.text]),
                most=self._options.path_files,
            )
            left_out += choice.left_out
            for path, why in choice.files:
                probe, argv = named_paths.reading(self._catalog, path)
                self._granted.agreed.add(argv)
                files.append(Step(0, "paths", probe, argv, why, probe.parser, {"path": path}))
        fresh = {step.argv: step for step in files if step.argv not in sent}
        files = self._numbered(fresh.values())
        self._tell_plan(files, tuple(left_out))
        sent.update(step.argv for step in (*listings, *files))
        await self._send(files, deadline)
        self.tell_findings()

    async def _planned(self, names: Sequence[str], sent: set[tuple[str, ...]]) -> Plan:
        connection = await self.connected()
        ticket = self.session.ticket or Ticket(text="")
        most = self._options.caps.max_commands
        return plan(self._catalog, ticket, connection.host.facts, max_commands=most, names=names, sent=sent)

    def _stopped(self) -> bool:
        """Whether a bound of the run was met: then no further round is planned."""
        return self._collection is not None and bool(self._collection.reached)

    def _tell_bounds(self, made: Plan) -> None:
        """Say which bounds of the run were met, and keep what they left out with what was skipped."""
        reached = list(self._collection.reached) if self._collection else []
        capped = [reason for reason in made.skipped if "the cap of" in reason]
        if capped:
            reached.append(f"{len(capped)} probes were left out: {capped[0].partition(': ')[2]}")
        for reason in reached:
            self.note(f"{reason}; the diagnosis rests on what was read by then", level="warning")
        if self._collection:
            self._collection.reached.clear()
        told = (*made.skipped, *(f"run: {reason}" for reason in reached))
        self.session.skipped = tuple(dict.fromkeys((*self.session.skipped, *told)))

    def _numbered(self, steps: Iterable[Step]) -> list[Step]:
        """The steps with the next free numbers, in their order: a number is never used twice in a session."""
        first = self.next_number()
        return [replace(step, n=first + at) for at, step in enumerate(steps)]

    def _tell_plan(
        self, steps: Sequence[Step], skipped: tuple[str, ...], after: tuple[str, ...] = ()
    ) -> None:
        new = tuple(reason for reason in skipped if reason not in self.session.skipped)
        self.session.skipped = tuple(dict.fromkeys((*self.session.skipped, *skipped)))
        planned = tuple(step.planned for step in steps)
        self._bus.emit(PlanMade(host=self.session.target_name, steps=planned, skipped=new, later=after))

    async def _send(
        self, steps: Sequence[Step], deadline: float | None = None, *, alone: bool = False
    ) -> list[Observation]:
        """Collect these steps, under new numbers where they have been taken already. alone: nobody is to be asked."""
        await self.connected()
        if self._collection is None:
            raise InputError("there is no connection to collect over")
        taken = {step.n for step in self.session.steps}
        if any(step.n in taken for step in steps):
            steps = self._numbered(steps)
        self.session.steps.extend(steps)
        seen = await self._collection.run(steps, deadline, alone=alone)
        if self.session.connection is not None and self.session.connection.is_broken:
            # The next look opens a new connection instead of talking into a dead one.
            await self.disconnect()
        return seen

    def _step(self, n: int) -> Step:
        found = next((step for step in self.session.steps if step.n == n), None)
        if found is None:
            raise InputError(f"there is no step {n}; /show plan lists them")
        return found

    def _seen(self) -> Seen:
        """What the rounds so far have brought, with the host's own names in place of stand-ins."""
        by_id = {seen.id: seen for seen in self.session.observations}
        ended = {step.argv: by_id[step.id] for step in self.session.steps if step.id in by_id}
        return Seen(self._rows(), ended, tuple(self.session.findings))

    def _rows(self) -> dict[str, list[object]]:
        rows: dict[str, list[object]] = {}
        for seen in self.session.observations:
            if isinstance(seen.data, list):
                rows.setdefault(seen.probe, []).extend(self._pseudonyms.reveal_rows(seen.data))
        return rows

    async def run_argv(self, argv: Sequence[str], *, why: str, typed: bool = False) -> Observation:
        """Run one command that was asked for by hand. Raises PolicyRefusal when it is not allowed.

        typed: the user wrote it, so that the destinations in it are approved; not so what a diagnosis proposed.
        """
        command = ReadOnlyCommand(argv)
        if typed:
            self._granted.destinations.type(command)
        (seen,) = await self._run_steps([self._by_hand(command, why)])
        return seen

    async def run_checks(self, checks: Sequence[NextCheck], *, alone: bool = False) -> None:
        """Run checks that a diagnosis proposed. alone: nobody was asked about them, so that only tier A runs.

        Raises PolicyRefusal when one is not allowed; nothing runs then.
        """
        steps = [
            self._by_hand(
                ReadOnlyCommand(self._pseudonyms.reveal(check.argv)),
                check.why or "proposed by the diagnosis",
                probe=self._catalog.find_probe(check.probe),
            )
            for check in checks
        ]
        await self._run_steps(steps, alone=alone)

    def _by_hand(self, command: ReadOnlyCommand, why: str, *, probe: Probe | None = None) -> Step:
        form = probe or Probe(id="run", title="asked for by hand", argv=command.argv)
        parser = next((v.parser for v in form.variants if v.argv[0] == command.argv[0] != form.argv[0]), None)
        collector = self._catalog.collector_of(form) if probe else "run"
        return Step(0, collector, form, command.argv, why, form.parser if parser is None else parser)

    async def _run_steps(self, steps: Iterable[Step], *, alone: bool = False) -> list[Observation]:
        numbered = self._numbered(steps)
        await self._send(numbered, alone=alone)
        self.tell_findings()
        ids = {step.id for step in numbered}
        return [seen for seen in self.session.observations if seen.id in ids]

    def attach(self, attachment: Attachment) -> None:
        """Take cleaned evidence that came with the ticket, as an observation of its own."""
        n = self.next_number()
        seen = Observation(
            id=f"E{n}",
            host=self._pseudonyms.hide(self.session.target_name),
            collector="ticket",
            probe="attached",
            label=self._pseudonyms.hide(attachment.label),
            outcome=Outcome.OK if attachment.text.strip() else Outcome.EMPTY,
            text=self._pseudonyms.hide(attachment.text),
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
        """Inspect all the evidence there is, and tell what was not told before. Nothing to do when there is no more than then."""
        self.session.observations = self._pseudonyms.up_to_date(self.session.observations)
        seen = tuple(self.session.observations)
        if len(seen) == len(self._inspected) and all(map(is_, seen, self._inspected)):
            return
        self._inspected = seen
        told = {(finding.signature, finding.subject): finding for finding in self.session.findings}
        self.session.findings = self._inspection.findings(self.session.observations)
        for finding in self.session.findings:
            before = told.get((finding.signature, finding.subject))
            if finding != before:
                self._bus.emit(FindingFound(finding=finding, revised=before is not None))

    def _tell_certain_findings(self) -> None:
        """Tell, while other commands still run, what will stand when all have ended; `tell_findings` has the last word.

        Not where names get stand-ins: one that is learned later would make another finding of the same.
        """
        if self._pseudonyms.anonymiser is not None:
            return
        told = {(finding.signature, finding.subject) for finding in self.session.findings}
        many = Counter(finding.signature for finding in self.session.findings)
        for finding in self._inspection.findings(self.session.observations):
            if (finding.signature, finding.subject) in told or not self._inspection.certain(finding):
                continue
            if many[finding.signature] < MOST_SUBJECTS:
                many[finding.signature] += 1
                self.session.findings.append(finding)
                self._bus.emit(FindingFound(finding=finding))

    def note(self, text: str, *, level: Literal["detail", "info", "warning"] = "info") -> None:
        """Tell the user something about this host."""
        self._bus.emit(Noted(level=level, text=sanitise(text), host=self.session.target_name))


def _short(name: str) -> str:
    return name.lower().partition(".")[0]


def _host_of(hop: str) -> str:
    """The host's name in `user@name:port`."""
    return hop.rpartition("@")[2].partition(":")[0]
