"""The engine that asks a language model: vLLM, or any server with OpenAI's chat completions.

Not trusted with anything: what it says is read against a schema here, and believed only as far as `tai.engine.verify`
finds the lines. The way down: `ask` (calls until there is an answer) → `_call` (tries until a call gets through) →
`_once` (one request, streamed) → `tai.llm.http`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tai.errors import ModelError
from tai.llm import endpoint as endpoints
from tai.llm.base import Delta, Message, Question, Said, Size
from tai.llm.completions import DONE, MAX_TOKENS, NO_THINKING, OPTIONAL, chunks_of, request_body
from tai.llm.discovery import Discovery, ServedModel
from tai.llm.failures import Failure, plain
from tai.llm.features import Features, read_trial, trial
from tai.llm.metrics import Load
from tai.llm.patience import Patience
from tai.llm.replies import Replies
from tai.llm.reply import Reply
from tai.llm.tokens import cut_short
from tai.llm.tries import Tries
from tai.llm.wording import to_think, with_repair, with_schema, with_thoughts

if TYPE_CHECKING:
    from tai.llm.http import Link

__all__ = ["ServedModel", "VLLMConfig", "VLLMEngine"]

# Counting takes some 20 ms; a server that is loading or gone must not be waited for twice.
_MEASURED_WITHIN_S = 3.0
# A streamed token is about 300 bytes of JSON with vLLM; a generous server may add log probabilities.
_BYTES_PER_TOKEN = 4096
_LEAST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class VLLMConfig:
    """url, model, api_key: as in the settings, '' where absent. Limits in seconds: to connect, to the first token, between
    two tokens, for one whole `ask`. identity: for TLS; allow: hosts outside of private networks that may be asked;
    backoff_s: before the second try of a request that failed, twice that before the third, and so on, unless the server names a
    time.
    """

    url: str
    model: str = ""
    api_key: str = field(default="", repr=False)
    identity: endpoints.Identity = field(default_factory=endpoints.Identity)
    connect_s: float = 5.0
    first_token_s: float = 120.0
    stall_s: float = 20.0
    total_s: float = 600.0
    allow: tuple[str, ...] = ()
    backoff_s: float = 0.5


class VLLMEngine:
    """An `Engine`. Several questions may be asked at once. Close it when done."""

    def __init__(self, config: VLLMConfig) -> None:
        self._config = config
        self._model = config.model
        self._link: Link | None = None
        self._refused: set[str] = set()  # optional request fields that the server turned out not to take
        self._unheeded = False  # whether an answer did not fit though the schema was to be enforced
        self._window = 0  # as a refusal told it, which is more than any page says
        self._discovery = Discovery(self._connect, within_s=config.stall_s)

    @property
    def name(self) -> str:
        """`vllm`."""
        return "vllm"

    @property
    def model(self) -> str:
        """The model's name: as configured, or as the server told; '' until it was asked."""
        return self._model

    async def ask(self, question: Question) -> AsyncGenerator[Delta | Said, None]:
        """See `Engine.ask`. At most four calls: to think, where that is wanted; as wanted; without the schema's constraint if
        that led into a loop; and one for the repair of an answer that does not fit. Deltas are for showing, those of the first
        answer where several are asked for. The tokens told are those of the last call.
        """
        patience = self._patience()
        messages, constrained, repaired, samples, calls = question.messages, True, False, question.samples, 0
        notes: list[str] = []
        if question.thought_tokens and question.wording is not None:
            thinking, thoughts, calls = (
                to_think(messages, question.wording),
                Replies(question.thought_tokens),
                1,
            )
            async with aclosing(self._think(question, thinking, thoughts, patience)) as deltas:
                async for delta in deltas:
                    yield delta
            said = thoughts.first.text or thoughts.first.reasoning
            if said.strip() and not thoughts.first.over:
                messages = with_thoughts(thinking, said, question.wording)
            else:
                notes.append(f"the model was asked to think first, but {_why_not(thoughts.first)}")
        while True:
            replies, calls = Replies(question.max_answer_tokens, self._samples(samples)), calls + 1
            call = self._call(question, messages, replies, patience, constrained=constrained)
            async with aclosing(call) as deltas:
                async for delta in deltas:
                    yield replace(delta, call=calls)
            first = replies.first
            said = first.text or first.reasoning
            read = [(reply, reply.read()) for reply in replies.finished()]
            cut = cut_short(messages, first.usage.prompt)
            if usable := [(reply, answer) for reply, answer in read if not isinstance(answer, str)]:
                (source, chosen), *others = usable
                usage = first.usage
                notes += [*self._lacks(), *_too_few(question.samples, len(usable)), *cut]
                yield Said(
                    chosen,
                    usage.prompt,
                    usage.cached,
                    usage.answer,
                    tuple(notes),
                    others=tuple(answer for _, answer in others),
                    asked=question.samples,
                    logprob=source.logprob,
                )
                return
            samples = 1
            if first.loop:
                if not self._constrains(wanted=constrained):
                    raise ModelError(f"The model {first.loop}.", said=said)
                constrained = False
                notes.append(f"the model {first.loop} under a JSON schema, and was asked again without one")
                continue
            flaw = first.read()
            assert isinstance(flaw, str)  # noqa: S101 - an answer would be among `answers`
            if first.finish == "length":
                raise ModelError(
                    f"The model's answer was cut at {question.max_answer_tokens} tokens (model_answer_tokens), or at the "
                    "end of its window.",
                    said=said,
                )
            if repaired or question.wording is None:
                nor = ", nor its repair" if repaired else ""
                why = "".join(f"; {note}" for note in cut)
                raise ModelError(f"The model's answer cannot be used{nor}: {flaw}{why}.", said=said)
            repaired = True
            self._unheeded = self._unheeded or self._constrains(wanted=constrained)
            messages = with_repair(messages, said, flaw, question.wording)
            notes.append(f"the model's first answer could not be used ({flaw}) and was repaired")

    async def named(self) -> str:
        """The model's name; where none is configured, that of the first that the server has. Raises ModelError."""
        if not self._model:
            served = await self.models()
            if not served:
                raise ModelError(
                    f"The model server at {self._config.url} serves no model; set model to the name of one."
                )
            self._model = served[0].name
        return self._model

    async def models(self) -> tuple[ServedModel, ...]:
        """What the server has, from /v1/models. Raises ModelError."""
        return await self._discovery.models()

    async def size(self, question: Question) -> Size:
        """See `Measuring.size`. Costs one request to a server that counts, and one for all where it only lists its windows."""
        try:
            async with asyncio.timeout(_MEASURED_WITHIN_S):
                model = await self.named()
                messages = question.messages
                if question.thought_tokens and question.wording is not None:
                    messages = with_thoughts(to_think(messages, question.wording), "", question.wording)
                if self._in_words(wanted=True):
                    messages = with_schema(messages, question.wording)
                size = await self._discovery.count(model, messages, plain=NO_THINKING in self._refused)
                window = self._window or size.window or await self._discovery.window(model)
        except (ModelError, TimeoutError):
            return Size(window=self._window)
        return replace(size, window=window)

    async def features(self) -> Features:
        """What the server offers, by a request for a few tokens; what it refuses is not asked of it again. Raises ModelError."""
        model, patience = await self.named(), self._patience()
        guessed = set[str]()
        while True:
            link, endpoint = self._connect()
            body = trial(model, self._refused)
            patience.call()
            events = link.events(
                f"{endpoint.base}/chat/completions", body, patience, model=model, max_bytes=_LEAST_BYTES
            )
            heard: list[str] = []
            failure: Failure | None = None
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Failure):
                        failure = event
                    else:
                        heard.append(event)
            if failure is None:
                return read_trial(body, heard)
            less = set(failure.without & body.keys())
            if not less and failure.odd:
                guessed = less = OPTIONAL.keys() & body.keys() - {MAX_TOKENS}
            if not less:
                self._refused -= guessed
                raise ModelError(failure.reason)
            self._refused |= less

    async def count_tokens(self, messages: Iterable[Message]) -> int | None:
        """Tokens of a prompt as the server's tokenizer and chat template make them; None where it does not tell.

        By vLLM's /tokenize, which other servers lack: `tai.llm.tokens` estimates.
        """
        try:
            model = await self.named()
        except ModelError:
            return None
        return (await self._discovery.count(model, messages, plain=NO_THINKING in self._refused)).tokens

    async def version(self) -> str:
        """vLLM's version; '' where the server does not tell one."""
        return await self._discovery.version()

    async def load(self) -> Load | None:
        """What the server tells of its queue, cache and speeds, by vLLM's /metrics; None where it does not."""
        return await self._discovery.load()

    async def close(self) -> None:
        """Close the connections."""
        if self._link:
            await self._link.close()
            self._link = None

    async def _think(
        self, question: Question, thinking: tuple[Message, ...], thoughts: Replies, patience: Patience
    ) -> AsyncGenerator[Delta, None]:
        """Fill `thoughts` with plain text; all of it is reasoning. Raises ModelError when nothing came at all."""
        free = replace(question, wording=None)  # no schema, neither enforced nor in words
        try:
            async with aclosing(self._call(free, thinking, thoughts, patience, constrained=False)) as deltas:
                async for delta in deltas:
                    yield replace(delta, channel="reasoning")
        except ModelError:
            if not thoughts.begun or patience.left() <= 0:
                raise

    async def _call(
        self,
        question: Question,
        messages: tuple[Message, ...],
        replies: Replies,
        patience: Patience,
        *,
        constrained: bool,
    ) -> AsyncGenerator[Delta, None]:
        """Fill `replies`; tries again while nothing was said and a try may help. Raises ModelError when none does."""
        model, tries = await self.named(), Tries(self._config.backoff_s)
        guessed = set[str]()
        while True:
            in_words = self._in_words(wanted=constrained)
            body = request_body(
                model,
                with_schema(messages, question.wording) if in_words else messages,
                max_tokens=replies.max_tokens,
                constrained=self._constrains(wanted=constrained),
                stop=question.stop,
                logprobs=question.logprobs,
                samples=self._samples(len(replies)),
                refused=self._refused,
            )
            patience.call()
            async with aclosing(self._once(body, replies, patience)) as deltas:
                async for delta in deltas:
                    yield delta
            failure = replies.failure
            if failure is None:
                return
            if replies.begun:
                raise await self._error(failure, replies)
            if asked_less := failure.without & body.keys():
                self._refused |= asked_less
            elif (wait_s := tries.wait_s(failure, at_most_s=patience.left())) is not None:
                await asyncio.sleep(wait_s)
            elif failure.odd and (rest := OPTIONAL.keys() & body.keys() - {MAX_TOKENS}):
                guessed = rest - self._refused
                self._refused |= guessed
            else:
                self._refused -= guessed  # it was none of them
                raise await self._error(failure, replies)
            replies.failure = replies.first.failure = None

    async def _once(
        self, body: dict[str, Any], replies: Replies, patience: Patience
    ) -> AsyncGenerator[Delta, None]:
        """One request; what comes goes into `replies`. The connection is closed on every way out of here."""
        link, endpoint = self._connect()
        events = link.events(
            f"{endpoint.base}/chat/completions",
            body,
            patience,
            model=body["model"],
            max_bytes=_LEAST_BYTES + _BYTES_PER_TOKEN * replies.max_tokens * len(replies),
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Failure):
                    # Once the model has said that it is done, the answer is whole, however the stream ends.
                    replies.failure = None if any(replies.finished()) else event
                    return
                if event == DONE:
                    # Reading on to the end of the body lets the connection be used again.
                    replies.close()
                    patience.finished()
                    continue
                try:
                    chunks = chunks_of(event)
                except ValueError as error:
                    replies.failure = Failure(
                        f"The stream from the model server at {endpoint.name} cannot be read ({plain(str(error))}): "
                        f"{plain(event)[:80]!r}"
                    )
                    return
                deltas = replies.take(chunks)
                if replies.done:
                    patience.finished()
                elif any(chunk.text or chunk.reasoning for chunk in chunks):
                    patience.heard()
                for delta in deltas:
                    yield delta
                if replies.over:
                    return
        if not any(replies.finished()) and not replies.over:
            replies.failure = Failure(
                f"The model server at {endpoint.name} ended the stream before the answer was done.",
                transient=True,
            )

    async def _error(self, failure: Failure, replies: Replies) -> ModelError:
        reason = failure.reason
        if failure.unknown_model:
            try:
                names = ", ".join(plain(model.name) for model in await self.models())
            except ModelError:
                names = ""
            reason += f" It serves: {names}." if names else ""
        self._window = failure.window or self._window
        said = replies.first.text or replies.first.reasoning
        return ModelError(reason, said=said, overflow=failure.overflow)

    def _connect(self) -> tuple[Link, endpoints.Endpoint]:
        endpoint = endpoints.parse(self._config.url, self._config.allow)
        if self._link is None:
            from tai.llm.http import Link  # noqa: PLC0415 - httpx is slow to import, and not every run asks a model

            config = self._config
            self._link = Link(
                endpoint, api_key=config.api_key, connect_s=config.connect_s, identity=config.identity
            )
        return self._link, endpoint

    def _patience(self) -> Patience:
        config = self._config
        return Patience(first_token_s=config.first_token_s, stall_s=config.stall_s, total_s=config.total_s)

    def _constrains(self, *, wanted: bool) -> bool:
        return wanted and "response_format" not in self._refused

    def _in_words(self, *, wanted: bool) -> bool:
        """Whether the model is shown the schema: some servers take one and mind it not."""
        return self._unheeded or not self._constrains(wanted=wanted)

    def _samples(self, wanted: int) -> int:
        return 1 if "n" in self._refused else wanted

    def _lacks(self) -> list[str]:
        if "response_format" not in self._refused:
            return []
        return ["the server does not enforce a JSON schema; the answer was asked for in words"]


def _why_not(thoughts: Reply) -> str:
    if thoughts.loop:
        return thoughts.loop
    return "broke off" if thoughts.failure else "said nothing"


def _too_few(asked: int, usable: int) -> list[str]:
    if usable == asked:
        return []
    return [f"{usable} of the {asked} answers that were asked for came and could be used (samples)"]
