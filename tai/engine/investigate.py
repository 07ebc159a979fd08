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
from tai.engine.named_paths import listing
from tai.engine.options import Options
from tai.engine.prompt import Templates
from tai.engine.pseudonyms import Pseudonyms
from tai.engine.session import Session
from tai.errors import HostError, InputError
from tai.events import (
    ConversationCleared,
    EngineTurned,
    FactDropped,
    FactPinned,
    HostTurned,
    Interrupted,
    ObservationMade,
    RoundStarted,
    TicketParsed,
    UserSaid,
)
from tai.llm.base import Engine
from tai.model import Attachment, NextCheck, Observation, Pinned, Ticket, Window
from tai.policy import ReadOnlyCommand
from tai.policy.filters import FilterResult, apply
from tai.policy.line import propose
from tai.text import Anonymiser, Redactor, clean, sanitise_line
from tai.ticket import parse
from tai.ticket.stated import MOST, stated
from tai.ticket.window import find_window
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
        self._window = options.window
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
            catalog=catalog,
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
        await self.auto(self._options.auto)

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

    @property
    def who(self) -> str:
        """The engine that is asked, with its model."""
        return self._asking.who

    async def look_at_paths(self, paths: Sequence[str]) -> None:
        """List `paths` and read the telling files below them. Raises PolicyRefusal when one may not be read."""
        for path in paths:
            listing(path)
        await self._interruptible(self._gathering.look_below(paths))
        self._gathering.tell_findings()

    def set_window(self, text: str) -> None:
        """When it happened, as a ticket would say it; `off` for no window. Raises InputError for what is no time."""
        window = Window()
        if text.strip() != "off":
            window = find_window(self._clean(text), now=self._clock())
            if not window:
                raise InputError(
                    f"{text!r} is not a time; try '14:05 to 15:00', 'since yesterday 22:00', 'off'"
                )
        self._window = window  # also for a ticket that comes later
        self.session.ticket = (self.session.ticket or Ticket(text="")).model_copy(update={"window": window})

    async def follow_up(self, text: str) -> None:
        """A question or correction about the same incident; new names in it are looked at first, and what it states as fact is
        pinned.
        """
        if self.session.ticket is None or not self.session.conversation:
            await self.diagnose(text)
            return
        (meant,) = self._pseudonyms.reveal(
            [self._clean(text)]
        )  # the user reads stand-ins, and may write them
        more = parse(meant, now=self._clock())
        said = self._pseudonyms.hide_ticket(more).text
        self._bus.emit(UserSaid(text=said))
        for fact in stated(said):
            self._pin(fact)
        before = self._known()
        self.session.ticket = merged(self.session.ticket, more)
        for attachment in more.attachments:
            self._gathering.attach(attachment)
        if more.attachments:
            self._gathering.tell_findings()
        if self._may_look:
            try:
                await self._interruptible(self._gathering.look(self._options.collectors))
            except HostError:
                # Told in full. What was read before still has an answer to give.
                self._gathering.note("the answer rests on what was read before", level="warning")
        await self._interruptible(self._asking.again(said, before))

    @property
    def _may_look(self) -> bool:
        """Whether a question may lead to the host: it has been looked at, and is there still as far as is known."""
        session = self.session
        return session.connection is not None or (
            session.target is not None
            and session.host is not None
            and not session.sealed
            and not self._options.offline
        )

    async def next_check(self, n: int) -> None:
        """Run check number `n` of the diagnosis, and ask again with what it shows. Raises InputError for no such check."""
        checks = self._proposed()
        if self.session.diagnosis is None:
            raise InputError("There is no diagnosis yet that could propose a check")
        if not 1 <= n <= len(checks):
            raise InputError(f"There is no next check {n}; the diagnosis proposes {len(checks) or 'none'}")
        await self._check([checks[n - 1]])

    async def auto(self, rounds: int) -> None:
        """Up to `rounds` times, as long as the diagnosis is inconclusive: run what it proposes, and ask again.

        Only checks of tier A that were not run before; nobody is asked about anything. It ends when nothing new is proposed.
        """
        tried: set[tuple[str, ...]] = set()
        for n in range(1, rounds + 1):
            diagnosis = self.session.diagnosis
            if diagnosis is None or diagnosis.outcome != "inconclusive":
                return
            fresh = [each for each in diagnosis.next_checks if each.tier == "A" and each.argv not in tried]
            room = self._options.caps.max_commands - len(self.session.steps)
            if stop := self._why_not(fresh, room):
                self._gathering.note(f"no further round by itself: {stop}")
                return
            chosen = tuple(fresh[:room])
            tried |= {each.argv for each in chosen}
            self._bus.emit(RoundStarted(round=n, of=rounds, checks=chosen))
            await self._check(chosen, alone=True)

    def _why_not(self, fresh: Sequence[NextCheck], room: int) -> str:
        if self.session.target is None or self._options.offline:
            return "there is no host to look at"
        if not fresh:
            return "the diagnosis proposes no check that is new and may run without a person"
        if room <= 0:
            return f"the cap of {self._options.caps.max_commands} commands is reached (max_commands)"
        return ""

    async def _check(self, checks: Sequence[NextCheck], *, alone: bool = False) -> None:
        before = self._known()
        await self._interruptible(self._gathering.run_checks(checks, alone=alone))
        await self._interruptible(self._asking.again("", before))

    def _proposed(self) -> tuple[NextCheck, ...]:
        return self.session.diagnosis.next_checks if self.session.diagnosis else ()

    def pin(self, text: str) -> None:
        """Keep what the user states as a fact, to be said again with each later question. Raises InputError when there are too many."""
        (meant,) = self._pseudonyms.reveal([self._clean(text)])
        words = self._pseudonyms.hide(" ".join(meant.split()))
        if not self._pin(next(iter(stated(words)), Pinned(text=words)).model_copy(update={"text": words})):
            raise InputError(f"{MOST} facts are pinned, or this one is already; /unpin N takes one back")

    def unpin(self, n: int) -> None:
        """Take fact number `n` back. Raises InputError for no such fact."""
        if not 1 <= n <= len(self.session.pinned):
            raise InputError(f"there is no fact {n}; {len(self.session.pinned)} are pinned (/context)")
        self._bus.emit(FactDropped(n=n, fact=self.session.pinned.pop(n - 1)))

    def _pin(self, fact: Pinned) -> bool:
        pinned = self.session.pinned
        if len(pinned) >= MOST or any(each.text == fact.text for each in pinned):
            return False
        pinned.append(fact)
        self._bus.emit(FactPinned(n=len(pinned), fact=fact))
        return True

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
        """Turn to another host: the connection is closed and what the old one printed is dropped; the ticket stays, and so do
        the facts that were stated about the incident.
        """
        target = self._reach(name)
        await self._gathering.disconnect()
        self.session.target = target
        ticket, pinned = self.session.ticket, list(self.session.pinned)
        self.session.forget_evidence()
        self.session.ticket, self.session.pinned = ticket, pinned
        self._bus.emit(HostTurned(host=target.name))

    async def use_engine(self, engine: Engine | None) -> None:
        """Let another answer from the next question on, None for the fallback; the one before is closed."""
        turned = await self._asking.turn(engine)
        self._bus.emit(EngineTurned(engine=turned.name, model=sanitise_line(turned.model)))

    async def clear(self) -> None:
        """Forget the conversation; evidence and host stay."""
        self.session.forget_conversation()
        self._bus.emit(ConversationCleared())

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
                "window": self._window or ticket.window,
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


def merged(ticket: Ticket, more: Ticket) -> Ticket:
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
