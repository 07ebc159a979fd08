"""Sends the planned commands and makes an observation of each end. The only module that sends anything to a host.

Import-linter holds that: `tai.transport.run` admits nobody else. For each command the order is fixed: the policy makes
it, its destinations are approved, a person agrees where one must, the path guard settles it, the event `CommandSent` puts
it on disk, and only then do its bytes leave. What comes back is cleaned here, once, before anything is stored, shown or
sent on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence

from tai import parsers
from tai.bus import Bus
from tai.engine import windows
from tai.engine.dialect import spelled_for
from tai.engine.grants import Grants
from tai.engine.guard import PathGuard
from tai.engine.options import Caps
from tai.engine.outcome import outcome_of
from tai.engine.plan import Step
from tai.engine.pseudonyms import Pseudonyms
from tai.errors import PolicyRefusal
from tai.events import CommandSent, Noted, ObservationMade
from tai.model import Observation, Outcome, Ticket
from tai.policy import PathUse, ReadOnlyCommand, Tier
from tai.text import Redactor, clean
from tai.transport.base import Completed, Connection
from tai.transport.run import run, sandbox_for

Approve = Callable[[ReadOnlyCommand], Awaitable[bool]]
"""Asks the person at the terminal about a command of tier B or C."""


async def nobody_approves(command: ReadOnlyCommand) -> bool:
    """For runs without a person at the terminal."""
    del command
    return False


class Collection:
    """Collecting over one connection. keep: takes each observation as it is made, so that an interrupt loses none. kept: called
    when one that has text was kept and told.

    grants: what the user has granted for this host; ticket: the ticket as it is now, whose addresses are approved
    destinations.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        bus: Bus,
        redactor: Redactor,
        pseudonyms: Pseudonyms,
        keep: Callable[[Observation], None],
        kept: Callable[[], None] = lambda: None,
        caps: Caps,
        grants: Grants,
        ticket: Callable[[], Ticket | None],
        approve: Approve = nobody_approves,
    ) -> None:
        self._connection = connection
        self._bus = bus
        self._redactor = redactor
        self._pseudonyms = pseudonyms
        self._grants = grants
        self._ticket = ticket
        self._keep = keep
        self._kept = kept
        self._caps = caps
        self._approve = approve
        self._bytes = 0
        self.reached: dict[str, None] = {}
        self._guard = PathGuard(self._send_for_guard, mounts=connection.mounts)

    def deadline(self) -> float:
        """When a run that begins now must have ended, by the event loop's clock."""
        return asyncio.get_running_loop().time() + self._caps.run_timeout_s

    async def run(
        self, steps: Sequence[Step], deadline: float | None = None, *, alone: bool = False
    ) -> list[Observation]:
        """Send all of `steps`, as many at once as the connection carries; the observations in the order of the steps.

        deadline: of the run that this is a round of; by default it is a run of its own. A bound of the run that is met
        is in `reached`, in words. alone: tai goes on by itself, so nobody is asked: what a person has to agree to is refused.
        Whatever goes wrong with one command is in its observation. Cancelling stops the commands on the host; each
        observation that was made by then has been kept.
        """
        deadline = deadline or self.deadline()
        async with asyncio.TaskGroup() as group:
            # First in line: commands that read paths wait for two others before them.
            self._guard.begin((path for step in steps for path in self._paths(step)), group, deadline)
            tasks = [group.create_task(self._observe(step, deadline, alone=alone)) for step in steps]
        return [task.result() for task in tasks]

    def _paths(self, step: Step) -> Iterator[PathUse]:
        """The paths that a step will read without anybody being asked first."""
        try:
            command = ReadOnlyCommand(step.argv)
        except PolicyRefusal:
            return
        if command.tier is Tier.A or command.argv in self._grants.agreed:
            yield from command.paths

    async def _observe(self, step: Step, deadline: float, *, alone: bool) -> Observation:
        try:
            async with asyncio.timeout_at(deadline):
                seen = await self._look(step, alone=alone)
        except PolicyRefusal as refusal:
            seen = self._unseen(step, Outcome.REFUSED, str(refusal))
        except TimeoutError:
            reason = f"the run's limit of {self._caps.run_timeout_s:g} s was reached (run_timeout)"
            self.reached[reason] = None
            seen = self._unseen(step, Outcome.TIMEOUT, reason)
        except asyncio.CancelledError:
            self._made(step, self._unseen(step, Outcome.INTERRUPTED, "stopped by the user"))
            raise
        self._made(step, seen)
        return seen

    async def _look(self, step: Step, *, alone: bool) -> Observation:
        command = ReadOnlyCommand(step.argv)
        if reason := self._grants.destinations.refusal(command, self._ticket()):
            raise PolicyRefusal(reason)
        await self._agreed(command, alone=alone)
        if command.paths:
            await self._guard.look(command.paths)
            settled = self._guard.settle(command)
            if settled.tier is not command.tier:
                await self._agreed(settled, alone=alone)  # a link led to what asks first
            command = settled
        command = spelled_for(command, self._connection.host.facts)
        if self._bytes >= self._caps.max_bytes:
            reason = f"the run's limit of {self._caps.max_bytes:,} bytes was reached (max_run_bytes)"
            self.reached[reason] = None
            raise PolicyRefusal(f"not run: {reason}")
        if self._serves(command):
            async with self._grants.sudo.turn:
                if self._serves(command):  # still: the one before may have been refused
                    return await self._look_with_sudo(step, command)
        done = await self._send_step(step, command)
        return self._observation(step, command, done)

    async def _agreed(self, command: ReadOnlyCommand, *, alone: bool) -> None:
        """Raises PolicyRefusal when somebody has to agree to the command and nobody does."""
        if command.tier is Tier.A:
            return
        if not alone and (command.argv in self._grants.agreed or await self._approve(command)):
            return
        raise PolicyRefusal(
            "not run: a person has to agree to it first"
            + (f" ({command.effects})" if command.effects else "")
        )

    def _serves(self, command: ReadOnlyCommand) -> bool:
        return self._grants.sudo.serves(command, euid=self._connection.host.facts.euid)

    async def _look_with_sudo(self, step: Step, command: ReadOnlyCommand) -> Observation:
        done = await self._send_step(step, command, sudo=True)
        stopped = self._grants.sudo.outcome(done)
        if stopped and stopped[0] is Outcome.NO_PERMISSION:
            self._bus.emit(
                Noted(
                    level="warning",
                    text=f"{self._told(stopped[1])}. It is not used again on this host in this session; the rest is read "
                    "with the login's own rights. `tai policy sudoers` prints what to grant",
                    host=self._connection.host.name,
                )
            )
        return self._observation(step, command, done, stopped)

    async def _send_step(self, step: Step, command: ReadOnlyCommand, *, sudo: bool = False) -> Completed:
        done = await self._send(
            step.n,
            step.collector,
            step.probe.id,
            command,
            step.probe.timeout_s,
            step.probe.max_bytes,
            sudo=sudo,
        )
        self._bytes += len(done.stdout)
        return done

    async def _send_for_guard(self, command: ReadOnlyCommand) -> Completed:
        return await self._send(0, "guard", "paths", command, None, None)

    async def _send(  # noqa: PLR0917 - what the record says of a command, in its order
        self,
        n: int,
        collector: str,
        probe: str,
        command: ReadOnlyCommand,
        timeout_s: float | None,
        max_bytes: int | None,
        *,
        sudo: bool = False,
    ) -> Completed:
        self._bus.emit(
            CommandSent(
                n=n,
                host=self._connection.host.name,
                collector=collector,
                probe=probe,
                argv=self._masked(command.argv),
                tier=command.tier.value,
                sandbox=sandbox_for(self._connection, command, sudo=sudo).level,
                sudo=sudo,
            )
        )
        await self._bus.on_disk()
        return await run(self._connection, command, timeout_s=timeout_s, max_bytes=max_bytes, sudo=sudo)

    def _observation(
        self,
        step: Step,
        command: ReadOnlyCommand,
        done: Completed,
        stopped: tuple[Outcome, str] | None = None,
    ) -> Observation:
        """stopped: what became of it when it never ran on the host, because sudo did not let it."""
        outcome, reason = stopped or outcome_of(done, step.probe.ok_exit, program=command.argv[0])
        # What a command says only on standard error is still what the host said.
        raw = done.stdout if done.stdout.strip() else done.stderr
        cleaned = clean(raw, producer=" ".join(command.argv), redactor=self._redactor)
        if outcome.answered:
            told = self._grants.destinations.learn(command.argv, cleaned.text)
            self._pseudonyms.learn(hosts=told.names, domains=told.domains)
        text = self._pseudonyms.hide(cleaned.text)
        if step.part is not None and outcome is Outcome.OK:
            text, of_window = windows.arranged(step.part, text, cut=done.truncated)
            reason = "; ".join(part for part in (reason, of_window) if part)
        if done.note:
            reason = "; ".join(part for part in (reason, done.note) if part)
        data, unparsed = _parsed(step.parser, text) if outcome is Outcome.OK else (None, "")
        return Observation(
            id=step.id,
            host=self._pseudonyms.hide(self._connection.host.name),
            collector=step.collector,
            probe=step.probe.id,
            argv=self._pseudonyms.hide_words(self._masked(command.argv)),
            outcome=Outcome.UNPARSED if unparsed else outcome,
            reason=unparsed or self._told(reason),  # the parser was given told text already
            text="" if outcome is Outcome.EMPTY else text,
            data=data,
            exit=done.exit,
            signal=done.signal,
            duration_s=round(done.duration_s, 3),
            truncated=done.truncated,
            raw_bytes=len(done.stdout),
            stderr_bytes=len(done.stderr),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            redactions=cleaned.redactions,
        )

    def _unseen(self, step: Step, outcome: Outcome, reason: str) -> Observation:
        return Observation(
            id=step.id,
            host=self._pseudonyms.hide(self._connection.host.name),
            collector=step.collector,
            probe=step.probe.id,
            argv=self._pseudonyms.hide_words(self._masked(step.argv)),
            outcome=outcome,
            reason=self._told(reason),
        )

    def _masked(self, argv: Sequence[str]) -> tuple[str, ...]:
        """argv as it is told: a person may have typed a secret into a pattern."""
        return tuple(self._redactor.redact(word).text for word in argv)

    def _told(self, reason: str) -> str:
        return self._pseudonyms.hide(clean(reason.encode(), producer="", redactor=self._redactor).text)

    def _made(self, step: Step, seen: Observation) -> None:
        self._keep(seen)
        self._bus.emit(ObservationMade(n=step.n, observation=seen))
        if seen.text:
            self._kept()


def _parsed(parser: str, text: str) -> tuple[object, str]:
    """(rows, '') or (None, why the parser gave up)."""
    if not parser:
        return None, ""
    try:
        return parsers.parse(parser, text), ""
    except ValueError as error:
        return None, f"not in the form that {parser} expects: {error}"
