"""The one loop: take the ticket, gather, ask. Each step is told through events; front ends call the methods here.

Not the gathering (`tai.engine.gather`) nor the asking (`tai.engine.ask`): this module says what follows what. Whatever
fails on a host or in a model becomes an event and a gap; only what leaves nothing to go on with is raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from tai.bus import Bus, utc_now
from tai.catalog import Catalog
from tai.engine.ask import Asking
from tai.engine.collect import Approve, nobody_approves
from tai.engine.gather import Connect, Gathering, Reach
from tai.engine.options import Options
from tai.engine.prompt import Templates
from tai.engine.pseudonyms import Pseudonyms
from tai.engine.session import Session
from tai.errors import InputError
from tai.events import Interrupted, ObservationMade, TicketParsed, UserSaid
from tai.llm.base import Engine
from tai.model import Attachment, Observation, Ticket
from tai.policy import ReadOnlyCommand
from tai.policy.filters import FilterResult, apply
from tai.policy.line import propose
from tai.text import Anonymiser, Redactor, clean, sanitise_line
from tai.ticket import parse
from tai.transport.base import Connection, Target

Result = TypeVar("Result")


def local_now() -> datetime:
    """Now, in the zone of this machine: a ticket's times without a zone are the user's."""
    return utc_now().astimezone()


class Investigation:
    """One conversation about one host at a time. engine answers; when it cannot, fallback does.

    clock: now, with the zone that a ticket's times are in when they name none.

    All methods tell what happens through `bus`, raise TaiError when there is nothing to go on with, and can be
    cancelled at any await: what was collected by then stays in `session`.
    """

    def __init__(
        self,
        session: Session,
        *,
        bus: Bus,
        catalog: Catalog,
        templates: Templates,
        connect: Connect,
        engine: Engine,
        fallback: Engine,
        redactor: Redactor,
        options: Options,
        anonymiser: Anonymiser | None = None,
        reach: Reach = Target,
        approve: Approve = nobody_approves,
        clock: Callable[[], datetime] = local_now,
    ) -> None:
        self.session = session
        self.catalog = catalog
        self._reach = reach
        self._bus = bus
        self._redactor = redactor
        self._pseudonyms = Pseudonyms(anonymiser)
        self._options = options
        self._clock = clock
        self._gathering = Gathering(
            session,
            bus=bus,
            catalog=catalog,
            connect=connect,
            reach=reach,
            redactor=redactor,
            pseudonyms=self._pseudonyms,
            options=options,
            approve=approve,
        )
        self._asking = Asking(
            session,
            bus=bus,
            templates=templates,
            engine=engine,
            fallback=fallback,
            options=options,
            pseudonyms=self._pseudonyms,
            cleaned=self._clean,
        )

    async def connect(self) -> Connection:
        """Log in to the host, unless that is done. Raises HostError after telling of it; InputError when no host is named."""
        return await self._interruptible(self._gathering.connected())

    async def diagnose(self, ticket_text: str, attachments: Sequence[Attachment] = ()) -> None:
        """From a ticket to a diagnosis. attachments: evidence given beside the ticket, not yet cleaned."""
        await self.gather(ticket_text, attachments)
        await self._interruptible(self._asking.first())

    async def gather(self, ticket_text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Everything before an engine is asked: ticket, host, plan, evidence, findings."""
        self._take_ticket(ticket_text, attachments)
        if not self._options.offline:
            await self._interruptible(self._gathering.look(self._options.collectors))
        self._gathering.tell_findings()

    async def show_plan(self, ticket_text: str) -> None:
        """Connect, find out what the host is, and tell what would run; run none of it."""
        self._take_ticket(ticket_text, ())
        await self._interruptible(self._gathering.show_plan(self._options.collectors))

    def make_prompt(self) -> None:
        """Render the first question; afterwards `session.prompt_text` is exactly what a model would get."""
        self._asking.make_prompt()

    async def collect(self, names: Sequence[str]) -> None:
        """Evidence only. names: collectors, probes, or numbers of planned steps to run again; () for all."""
        await self._interruptible(self._gathering.look(names, again=True))
        self._gathering.tell_findings()

    async def follow_up(self, text: str) -> None:
        """A question or correction about the same incident; new names in it are looked at first."""
        if self.session.ticket is None or not self.session.conversation:
            await self.diagnose(text)
            return
        (meant,) = self._pseudonyms.reveal(
            [self._clean(text)]
        )  # the user reads stand-ins, and may write them
        more = parse(meant, now=self._clock())
        said = self._pseudonyms.hide_ticket(more).text
        self._bus.emit(UserSaid(text=said))
        before = self._known()
        self.session.ticket = _merged(self.session.ticket, more)
        if self.session.connection:
            await self._interruptible(self._gathering.look(self._options.collectors))
        await self._interruptible(self._asking.again(said, before))

    async def next_check(self, n: int) -> None:
        """Run check number `n` of the diagnosis, and ask again with what it shows. Raises InputError for no such check."""
        checks = self.session.diagnosis.next_checks if self.session.diagnosis else ()
        if not 1 <= n <= len(checks):
            raise InputError(f"there is no next check {n}; the diagnosis proposes {len(checks)}")
        before = self._known()
        chosen = checks[n - 1]
        argv = self._pseudonyms.reveal(chosen.argv)
        await self._interruptible(
            self._gathering.run_argv(argv, why=chosen.why or "proposed by the diagnosis")
        )
        await self._interruptible(
            self._asking.again("Here is the result of the check that you proposed.", before)
        )

    async def run_line(self, text: str) -> list[Observation]:
        """Run what a person typed, through the same policy; a pipeline's filters run here, on the output.

        Raises PolicyRefusal with the reason when any part of the line is not allowed; nothing runs then.
        """
        proposals = [
            replace(proposal, argv=self._pseudonyms.reveal(proposal.argv)) for proposal in propose(text)
        ]
        commands = [ReadOnlyCommand(proposal.argv) for proposal in proposals]
        made = []
        for proposal, command in zip(proposals, commands, strict=True):
            for note in proposal.notes:
                self._gathering.note(note)
            if proposal.sudo:
                await self._interruptible(self._gathering.connected())
                self._note_sudo(command)
            seen = await self._interruptible(
                self._gathering.run_argv(proposal.argv, why="you typed it", typed=True)
            )
            if proposal.filters and seen.outcome.answered:
                seen = self._filtered(seen, text, apply(proposal.filters, seen.text))
            made.append(seen)
        return made

    def _note_sudo(self, command: ReadOnlyCommand) -> None:
        """Say what becomes of a `sudo` that was typed."""
        if not self._gathering.sudo_allowed:
            text = "sudo is off for this host; the command runs as the login user"
        elif not command.sudo_path:
            text = f"{command.argv[0]} is not marked for sudo in the catalogue; it runs as the login user"
        else:
            return
        self._gathering.note(text, level="warning")

    async def use_host(self, name: str) -> None:
        """Turn to another host: the connection is closed and what the old one printed is dropped; the ticket stays."""
        target = self._reach(name)
        await self._gathering.disconnect()
        self.session.target = target
        ticket = self.session.ticket
        self.session.forget_evidence()
        self.session.ticket = ticket

    async def clear(self) -> None:
        """Forget the conversation; evidence and host stay."""
        self.session.forget_conversation()

    async def close(self) -> None:
        """Close the connection and the engines. Safe to call twice."""
        await self._gathering.disconnect()
        await self._asking.close()

    def _take_ticket(self, text: str, attachments: Sequence[Attachment]) -> None:
        ticket = parse(self._clean(text), now=self._clock())
        given = tuple(
            Attachment(label=sanitise_line(self._clean(each.label)), text=self._clean(each.text, each.label))
            for each in attachments
        )
        ticket = ticket.model_copy(
            update={
                "attachments": (*ticket.attachments, *given),
                "window": self._options.window or ticket.window,
            }
        )
        self.session.ticket = ticket
        self._bus.emit(TicketParsed(ticket=self._pseudonyms.hide_ticket(ticket)))
        for attachment in ticket.attachments:
            self._gathering.attach(attachment)

    def _filtered(self, seen: Observation, typed: str, result: FilterResult) -> Observation:
        n = self._gathering.next_number()
        shown = seen.model_copy(
            update={
                "id": f"E{n}",
                "argv": (),
                "label": self._pseudonyms.hide(self._clean(typed)),
                "text": result.text,
                "data": None,
                "reason": result.stopped,
            }
        )
        self.session.add(shown)
        self._bus.emit(ObservationMade(n=n, observation=shown))
        return shown

    def _known(self) -> set[str]:
        return {seen.id for seen in self.session.observations}

    async def _interruptible(self, work: Awaitable[Result]) -> Result:
        """Do `work`; when the user stops it, say so and show what the evidence so far has to tell."""
        try:
            return await work
        except asyncio.CancelledError:
            self._bus.emit(
                Interrupted(kept=sum(1 for seen in self.session.observations if seen.outcome.answered))
            )
            self._gathering.tell_findings()
            await self._gathering.let_go()
            raise

    def _clean(self, text: str, producer: str = "") -> str:
        return clean(text.encode("utf-8", "surrogateescape"), producer=producer, redactor=self._redactor).text


def _merged(ticket: Ticket, more: Ticket) -> Ticket:
    """The ticket with the names of a later message added to its own."""
    old, new = ticket.subjects, more.subjects
    subjects = old.model_copy(
        update={
            name: tuple(dict.fromkeys((*getattr(old, name), *getattr(new, name))))
            for name in type(old).model_fields
        }
    )
    return ticket.model_copy(
        update={
            "subjects": subjects,
            "paths": tuple(dict.fromkeys((*ticket.paths, *more.paths))),
            "words": tuple(sorted({*ticket.words, *more.words})),
            "window": more.window or ticket.window,
        }
    )
