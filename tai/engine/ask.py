"""Asking an engine about the evidence, and believing only what checks out. Part of an investigation.

Not the loop (`tai.engine.investigate`). The engine that was asked for comes first; when it gives no usable answer, the
fallback answers, and the diagnosis says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tai.bus import Bus
from tai.catalog import Catalog
from tai.engine import prompt
from tai.engine.agreement import choose
from tai.engine.checks import Checks, probe_names
from tai.engine.condense import Condensed, condense
from tai.engine.hints import hints
from tai.engine.options import Options
from tai.engine.pseudonyms import Pseudonyms
from tai.engine.room import LEAST_BUDGET, Prompt, over, share, smaller
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
from tai.llm.base import Delta, Engine, Measuring, Message, Question, Said, Size
from tai.model import Facts, Finding, Observation, Ticket
from tai.text import sanitise, sanitise_line
from tai.text.links import defuse

# A page or two: what speaks for a cause and what against the others. Each token of it is waited for.
THOUGHT_TOKENS = 1500
# Prompts that are made for one question until one fits: each asks the server for its count, and two mostly do.
_MOST_FITS = 4
# Times that a server may say that a prompt is too long although tai thought otherwise.
_MOST_OVERFLOWS = 3

Make = Callable[[int], Prompt]
"""The prompt with so many tokens of evidence."""


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
        return f"{self._engine.name} {sanitise_line(self._engine.model)}".strip()  # a server names itself

    async def turn(self, engine: Engine | None) -> Engine:
        """Ask `engine` first from now on, None for the fallback. The one before is closed."""
        before, self._engine = self._engine, engine or self._fallback
        await before.close()
        return self._engine

    def make_prompt(self) -> None:
        """Condense the evidence and render the first question; afterwards `session.prompt_text` is what a model gets.

        Nobody is asked for its window: see `first`.
        """
        self._take(made := self._first_prompt(self._options.budget))
        self._tell_prompt(made, Size())

    def _first_prompt(self, budget: int) -> Prompt:
        ticket = self._ticket
        named = self._hints(budget)
        condensed = self._condensed(self.session.observations, named, budget)
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
        return Prompt(messages, budget, condensed.receipts)

    def _condensed(
        self, observations: Sequence[Observation], named: Sequence[Finding], budget: int
    ) -> Condensed:
        ticket = self._ticket
        return condense(
            observations,
            named,
            ticket.subjects,
            budget=budget,
            count=tokens.count,
            words=ticket.words,
            window=ticket.window,
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

    def _take(self, made: Prompt) -> None:
        """The prompt's messages become the conversation's; those that it has already stay as they are."""
        del self.session.conversation[made.kept :]
        for message in made.messages[made.kept :]:
            self._add(message)

    def _tell_prompt(self, made: Prompt, size: Size) -> None:
        self.session.prompt = told = PromptMade(
            sha256=prompt.digest(made.messages),
            templates_sha256=self._templates.sha256,
            tokens=made.estimate if size.tokens is None else size.tokens,
            exact=size.tokens is not None,
            budget=made.budget,
            receipts=made.receipts,
        )
        self._bus.emit(told)

    async def first(self) -> None:
        """The first question about this evidence."""
        await self._answer([self._first_prompt], self._options.budget)

    async def again(self, text: str, before: set[str]) -> None:
        """A later question in the same conversation. text: what the user says, '' after proposed checks that were run;
        before: ids of the observations that the engine knows already. Messages are only ever added, so that a server's
        prefix cache serves those before; where they no longer fit, the conversation begins anew.
        """
        fresh = [seen for seen in self.session.observations if seen.id not in before]
        so_far = tuple(self.session.conversation)
        answered = [message for message in so_far if message.role == "assistant"][-1:]

        def asked(fresh: Sequence[Observation], budget: int) -> tuple[Message, Condensed | None]:
            condensed = self._condensed(fresh, self._hints(budget), budget) if fresh else None
            pinned = [fact.text for fact in self.session.pinned]
            return (
                prompt.render_follow_up(
                    self._templates, text, fresh, condensed, nonce=self.session.nonce, pinned=pinned
                ),
                condensed,
            )

        def later(budget: int) -> Prompt:
            message, condensed = asked(fresh, budget)
            receipts = condensed.receipts if condensed else ()
            return Prompt((*so_far, message), budget, receipts, kept=len(so_far))

        def anew(budget: int) -> Prompt:
            first = self._first_prompt(budget)
            return replace(first, messages=(*first.messages, *answered, asked((), budget)[0]))

        await self._answer([later, anew], self._options.budget // 2)

    async def _fitted(self, make: Make, budget: int) -> tuple[Prompt, Size, bool]:
        """The prompt with as much evidence of the budget as the engine's window takes; its size, and whether it fits."""
        made, bare = make(budget), 0
        for _ in range(_MOST_FITS):
            size = await self._size(made)
            excess = over(made, size, sum(self._allowed(size)))
            if not excess or made.budget <= LEAST_BUDGET:
                break
            bare = bare or make(LEAST_BUDGET).estimate
            made = make(smaller(made, size, bare, excess))
        return made, size, not excess

    async def _size(self, made: Prompt) -> Size:
        if not isinstance(self._engine, Measuring):
            return Size()
        return await self._engine.size(self._question(made.messages, Size()))

    def _allowed(self, size: Size) -> tuple[int, int]:
        """Tokens that the model may write: of the answer, and of thoughts before it."""
        thoughts = THOUGHT_TOKENS if self._options.think else 0
        return share(size.window, self._options.answer_tokens), share(size.window // 2, thoughts)

    def _question(self, messages: tuple[Message, ...], size: Size) -> Question:
        answer, thoughts = self._allowed(size)
        return Question(
            messages=messages,
            ticket=self._ticket,
            observations=tuple(self.session.observations),
            findings=tuple(self.session.findings),
            max_answer_tokens=answer,
            wording=prompt.wording(self._templates),
            samples=self._options.samples,
            pinned=tuple(self.session.pinned),
            thought_tokens=thoughts,
        )

    async def _answer(self, makes: Sequence[Make], budget: int) -> None:
        """Ask the engine, or the fallback when it gives no usable answer; verify, and tell the diagnosis.

        makes: the prompt at a budget of evidence, each to be taken when the one before it does not fit the window at all.
        """
        engine, degraded, words = self._engine, "", ""
        try:
            said = await self._asked(makes, budget)
        except ModelError as error:
            degraded, words = self._cleaned(error.reason), defuse(self._cleaned(error.said))
            self._bus.emit(EngineFailed(engine=engine.name, reason=degraded, fallback=self._fallback.name))
            engine = self._fallback
            said = await self._heard(engine, self._question(tuple(self.session.conversation), Size()))
        for note in said.notes:
            self._note(note)
        self._conclude(said, engine, degraded, words)

    async def _asked(self, makes: Sequence[Make], budget: int) -> Said:
        """What the engine says to the first prompt that fits. Raises ModelError, of overflow too after some tries."""
        make, *others = makes
        wanted, told = budget, set[str]()
        for n in range(_MOST_OVERFLOWS + 1):
            made, size, fits = await self._fitted(make, budget)
            if not fits and others:
                make, *others = others
                made, size, fits = await self._fitted(make, self._options.budget)
            self._take(made)
            self._tell_prompt(made, size)
            for note in self._limits(made, size, wanted=wanted, anew=make is not makes[0]):
                if note not in told:
                    self._note(note)
                told.add(note)
            try:
                return await self._heard(self._engine, self._question(made.messages, size))
            except ModelError as error:
                if not error.overflow or n == _MOST_OVERFLOWS:
                    raise
                if made.budget > LEAST_BUDGET:
                    budget = smaller(made, size, make(LEAST_BUDGET).estimate, 0)
                elif others:
                    make, *others = others
                    budget = self._options.budget
                else:
                    raise
                self._note(
                    "the prompt was too long for the model's window, and is made anew with less evidence"
                )
        raise AssertionError("the loop returns or raises")

    def _limits(self, made: Prompt, size: Size, *, wanted: int, anew: bool) -> Iterator[str]:
        """What the window made of the settings, in words. wanted: the evidence budget, before any was too much."""
        window = f"the model's window of {size.window:,} tokens" if size.window else "the model's window"
        if anew:
            yield f"the conversation no longer fits {window}: it begins anew, with all evidence that fits"
        elif made.budget < wanted:
            yield f"{window} takes {made.budget:,} tokens of evidence, not {wanted:,} (budget)"
        answer, _ = self._allowed(size)
        if answer < self._options.answer_tokens:
            wanted = self._options.answer_tokens
            yield f"{window} leaves {answer:,} tokens for the answer, not {wanted:,} (model_answer_tokens)"

    def _note(self, text: str) -> None:
        self._bus.emit(Noted(text=self._cleaned(text)))

    def _conclude(self, said: Said, engine: Engine, degraded: str, words: str) -> None:
        """Verify what was said, and tell the diagnosis. degraded: why another engine answers than was asked."""
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
