"""Asking an engine about the evidence, and believing only what checks out. Part of an investigation.

Not the loop (`tai.engine.investigate`). The engine that was asked for comes first; when it gives no usable answer, the
fallback answers, and the diagnosis says why.
"""

from __future__ import annotations

from collections.abc import Callable

from tai.bus import Bus
from tai.catalog import Catalog
from tai.engine import prompt
from tai.engine.agreement import choose
from tai.engine.checks import Checks, probe_names
from tai.engine.condense import condense
from tai.engine.hints import hints
from tai.engine.options import Options
from tai.engine.pseudonyms import Pseudonyms
from tai.engine.session import Session
from tai.engine.verify import verify
from tai.errors import ModelError
from tai.events import (
    AnswerDelta,
    AnswerStarted,
    Diagnosed,
    EngineFailed,
    MessageAdded,
    Noted,
    PromptMade,
)
from tai.llm import tokens
from tai.llm.base import Delta, Engine, Message, Question, Said
from tai.model import Facts, Finding, Ticket
from tai.text import sanitise, sanitise_line
from tai.text.links import defuse


class Asking:
    """Turns a session's evidence into its diagnosis. cleaned: sanitises and redacts what a model or server says.

    The session holds the ticket as it was given; an engine gets it, and the host's name, as `pseudonyms` tells them.
    """

    def __init__(
        self,
        session: Session,
        *,
        bus: Bus,
        catalog: Catalog,
        templates: prompt.Templates,
        engine: Engine,
        fallback: Engine,
        options: Options,
        pseudonyms: Pseudonyms,
        cleaned: Callable[[str], str],
    ) -> None:
        self.session = session
        self._bus = bus
        self._catalog = catalog
        self._probes = probe_names(catalog)
        self._templates = templates
        self._engine = engine
        self._fallback = fallback
        self._options = options
        self._pseudonyms = pseudonyms
        self._cleaned = cleaned

    @property
    def _ticket(self) -> Ticket:
        return self._pseudonyms.hide_ticket(self.session.ticket or Ticket(text=""))

    @property
    def who(self) -> str:
        """`vllm m`, or `deterministic`: the engine that is asked first."""
        return f"{self._engine.name} {self._engine.model}".strip()

    def make_prompt(self) -> None:
        """Condense the evidence and render the first question; afterwards `session.prompt_text` is what a model gets."""
        ticket = self._ticket
        named = self._hints(self._options.budget)
        condensed = condense(
            self.session.observations,
            named,
            ticket.subjects,
            budget=self._options.budget,
            count=tokens.count,
            words=ticket.words,
            window=ticket.window,
        )
        messages = prompt.render(
            self._templates,
            ticket,
            condensed,
            named,
            further=len(self.session.findings) - len(named),
            nonce=self.session.nonce,
            host=self._pseudonyms.hide(self.session.target_name),
            probes=self._probes,
            pinned=[fact.text for fact in self.session.pinned],
        )
        self.session.conversation = []
        for message in messages:
            self._add(message)
        self._tell_prompt(
            PromptMade(
                sha256=prompt.digest(messages),
                templates_sha256=self._templates.sha256,
                tokens=tokens.count_messages(messages),
                exact=False,
                budget=self._options.budget,
                receipts=condensed.receipts,
            )
        )

    def _hints(self, budget: int) -> list[Finding]:
        return hints(
            self._catalog,
            self._ticket,
            self.session.observations,
            self.session.findings,
            budget=budget,
            count=tokens.count,
        )

    def _add(self, message: Message) -> None:
        """Every message is told, so that a record holds what an engine was asked, and can go on from it."""
        self.session.conversation.append(message)
        number = len(self.session.conversation)
        self._bus.emit(MessageAdded(number=number, role=message.role, content=message.content))

    def _tell_prompt(self, made: PromptMade) -> None:
        self.session.prompt = made
        self._bus.emit(made)

    async def first(self) -> None:
        """The first question about this evidence."""
        self.make_prompt()
        await self._answer()

    async def again(self, text: str, before: set[str]) -> None:
        """A later question in the same conversation. text: what the user says, '' after proposed checks that were run;
        before: ids of the observations that the engine knows already. Messages are only ever added, so that a server's
        prefix cache serves those before.
        """
        fresh = [seen for seen in self.session.observations if seen.id not in before]
        ticket = self._ticket
        condensed = (
            condense(
                fresh,
                self._hints(self._options.budget // 2),
                ticket.subjects,
                budget=self._options.budget // 2,
                count=tokens.count,
                words=ticket.words,
                window=ticket.window,
            )
            if fresh
            else None
        )
        self._add(
            prompt.render_follow_up(
                self._templates,
                text,
                fresh,
                condensed,
                nonce=self.session.nonce,
                pinned=[fact.text for fact in self.session.pinned],
            )
        )
        conversation = tuple(self.session.conversation)
        self._tell_prompt(
            PromptMade(
                sha256=prompt.digest(conversation),
                templates_sha256=self._templates.sha256,
                tokens=tokens.count_messages(conversation),
                exact=False,
                budget=self._options.budget // 2,
                receipts=condensed.receipts if condensed else (),
            )
        )
        await self._answer()

    async def _answer(self) -> None:
        """Ask the engine, or the fallback when it gives no usable answer; verify, and tell the diagnosis."""
        question = Question(
            messages=tuple(self.session.conversation),
            ticket=self._ticket,
            observations=tuple(self.session.observations),
            findings=tuple(self.session.findings),
            max_answer_tokens=self._options.answer_tokens,
            wording=prompt.wording(self._templates),
            samples=self._options.samples,
            pinned=tuple(self.session.pinned),
        )
        engine, degraded, words = self._engine, "", ""
        try:
            said = await self._heard(engine, question)
        except ModelError as error:
            degraded, words = self._cleaned(error.reason), defuse(self._cleaned(error.said))
            self._bus.emit(EngineFailed(engine=engine.name, reason=degraded, fallback=self._fallback.name))
            engine = self._fallback
            said = await self._heard(engine, question)
        for note in said.notes:
            self._bus.emit(Noted(text=self._cleaned(note)))
        chosen, agreement = choose([said.answer, *said.others], asked=said.asked)
        answer = prompt.harmless(chosen)
        self._add(Message("assistant", answer.model_dump_json()))
        self.session.diagnosis = verify(
            answer,
            self.session.observations,
            self.session.findings,
            engine=engine.name,
            model=sanitise_line(engine.model),
            degraded=degraded,
            said=words,
            prompt_sha256=self.session.prompt.sha256 if self.session.prompt else "",
            templates_sha256=self._templates.sha256,
            settle=Checks(
                self._catalog,
                self._ticket,
                self.session.host.facts if self.session.host else Facts(),
                self.session.observations,
            ),
            agreement=agreement,
            pinned=self.session.pinned,
            ticket=self._ticket,
            effects=self._catalog.effects,
        )
        self._bus.emit(Diagnosed(diagnosis=self.session.diagnosis))

    async def _heard(self, engine: Engine, question: Question) -> Said:
        self._bus.emit(AnswerStarted(engine=engine.name, model=sanitise_line(engine.model)))
        async for piece in engine.ask(question):
            match piece:
                case Delta():
                    self._bus.emit(
                        AnswerDelta(channel=piece.channel, text=sanitise(piece.text), call=piece.call)
                    )
                case Said():
                    return piece
        raise ModelError(f"the {engine.name} engine ended without an answer")

    async def close(self) -> None:
        """Release both engines. Safe to call twice."""
        await self._engine.close()
        await self._fallback.close()
