"""The seam between an investigation and whoever answers it: a model server, or rules.

Implementations: `tai.llm.vllm`, `tai.llm.deterministic`, and `tai.llm.scripted` for tests. An engine says things; it
decides nothing. Its `Answer` is believed only as far as `tai.engine.verify` finds the lines it quotes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from tai.answer import Answer
from tai.model import Finding, Observation, Pinned, Ticket


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. content: rendered from `prompts/`, host text in it fenced and escaped."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What a model's engine says by itself, rendered from `prompts/` like all else. schema: the JSON Schema in words, for a
    server that does not enforce it; think: asks for thoughts first, decide: for the answer after them; repair: asks for an answer again, given its flaw in words; shown: what a model said, as
    it may be sent back to it.
    """

    schema: Callable[[], str]
    think: Callable[[], str]
    decide: Callable[[], str]
    repair: Callable[[str], str]
    shown: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Question:
    """All an engine may use. messages: for a language model; the rest, structured: for the deterministic engine.

    max_answer_tokens: cap on what a model may write. wording: without one, nothing is said beyond the messages: neither the
    schema in words nor a request to repair. samples: answers that a model is asked for in one request.
    pinned: what the person on call has stated as fact. thought_tokens: what a model may write to think first; 0: it shall not.
    stop: texts before which a model shall end; logprobs: whether to ask how sure it was of each token.
    """

    messages: tuple[Message, ...]
    ticket: Ticket
    observations: tuple[Observation, ...] = ()
    findings: tuple[Finding, ...] = ()
    max_answer_tokens: int = 3000
    wording: Wording | None = None
    samples: int = 1
    pinned: tuple[Pinned, ...] = ()
    thought_tokens: int = 0
    stop: tuple[str, ...] = ()
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """How large a question is for a model. tokens: of its messages, as the server counts them, None where it does not;
    window: what prompt and answer must fit in together, 0 where it is not known.
    """

    tokens: int | None = None
    window: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of output as it streams. channel: the model's reasoning, or its answer (partial JSON).

    call: which call to the model it belongs to, from 1; a later one begins its answer anew.
    """

    text: str
    channel: Literal["reasoning", "answer"] = "answer"
    call: int = 1


@dataclass(frozen=True, slots=True)
class Said:
    """The end of a stream: the parsed answer and what it cost. Tokens are as the server counted, 0 when it did not.

    others: further usable answers to the same question, when several were asked for; asked: how many were.
    logprob: the mean log probability of the answer's tokens, None where it was not asked for or not told.
    """

    answer: Answer
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    notes: tuple[str, ...] = ()
    others: tuple[Answer, ...] = ()
    asked: int = 1
    logprob: float | None = None


class Engine(Protocol):
    """Something that answers. name: `vllm` or `deterministic`, shown with every diagnosis; model: '' for rules."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
        """Stream deltas and end with exactly one `Said`. Raises ModelError when there is no usable answer.

        Cancelling the consuming task, or closing the iterator, stops generation on the server.
        """
        ...

    async def close(self) -> None:
        """Release connections. Safe to call twice."""
        ...


@runtime_checkable
class Measuring(Protocol):
    """An engine for which a question can be too long. Rules have no window."""

    async def size(self, question: Question) -> Size:
        """How large the question is. Takes a bounded time and raises nothing: what is not known is left out."""
        ...
