"""The wire form of chat completions: a request's body, and a streamed chunk back into what it says. No I/O.

Source: OpenAI's API reference for /v1/chat/completions, and what vLLM 0.32 was seen to send. A field that a server
gets wrong reads as absent; only what cannot be a chunk at all is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from tai.llm.base import Message
from tai.llm.schema import response_format

DONE = "[DONE]"
# A reasoning model's template would think before the JSON, unconstrained (shared `VLLM.md`, traps), and Gemma 4's puts its
# mark into the system turn, where it parts the prompt from the cached one. So tai never lets the template think.
NO_THINKING = "chat_template_kwargs"
MAX_TOKENS = "max_tokens"
# Fields that tai can do without, each with the words by which servers refuse it: a regular expression, of text in lower case.
# Which of them a server does not take is remembered for the life of the engine.
OPTIONAL = {
    "response_format": r"response_format|json_schema|json schema|structured output|grammar|guided",
    "stream_options": r"stream_options|include_usage",
    "seed": r"\bseed\b",
    "temperature": r"temperature",
    NO_THINKING: r"chat_template|enable_thinking",
    "logprobs": r"logprobs",
    "stop": r"\bstop\b",
    "n": r"parameter n\b|field n\b|['\"`]n['\"`]|\bn (?:>|must|should|is not)|\bn ?=|multiple choices|(?:only )?one (?:completion )?choice|best_of",
    # Not left out but sent by its newer name, for which see `request_body`.
    MAX_TOKENS: r"max_completion_tokens",
}
# Warm enough that answers to the same question may differ, cool enough that each is still the model's own best guess.
_SAMPLING_TEMPERATURE = 0.7


# By which an event tells that it is an error.
_ERRORS = ("error", "detail", "message")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; 0 where it did not say."""

    prompt: int = 0
    cached: int = 0
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event of a stream says of one choice. finish: '' while it goes on, else `stop`, `length`, …; error: the whole
    event, where it is one, for `tai.llm.failures` to read; index: of the choice, from 0; logprobs: of its tokens.
    """

    text: str = ""
    reasoning: str = ""
    finish: str = ""
    usage: Usage | None = None
    error: str = ""
    index: int = 0
    logprobs: tuple[float, ...] = ()


def request_body(
    model: str,
    messages: Iterable[Message],
    *,
    max_tokens: int,
    constrained: bool,
    samples: int = 1,
    stop: tuple[str, ...] = (),
    logprobs: bool = False,
    refused: Iterable[str] = (),
) -> dict[str, Any]:
    """The JSON of a request. constrained: the answer must fit the schema; samples: so many answers; stop: texts before which it
    shall end; logprobs: told for each token; refused: fields of OPTIONAL to leave out.

    A fixed seed, and temperature 0 for a single answer: the same evidence shall get the same answer, as far as a server can
    promise it.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": chat(messages),
        MAX_TOKENS: max_tokens,
        "temperature": 0 if samples == 1 else _SAMPLING_TEMPERATURE,
        "seed": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        NO_THINKING: {"enable_thinking": False},
    }
    if samples > 1:
        body["n"] = samples
    if stop:
        body["stop"] = list(stop)
    if logprobs:
        body["logprobs"] = True
    if constrained:
        body["response_format"] = response_format()
    return asking_less(body, refused)


def asking_less(body: Mapping[str, Any], refused: Iterable[str]) -> dict[str, Any]:
    """The JSON of a request without the fields that the server does not take. The cap on tokens stays, by its newer name: what
    OpenAI's reasoning models take.
    """
    refused = set(refused)
    less = {name: value for name, value in body.items() if name not in refused}
    if MAX_TOKENS in refused:
        less["max_completion_tokens"] = body[MAX_TOKENS]
    return less


def chat(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as the API wants them. Half a surrogate pair, which UTF-8 cannot carry, becomes `?`."""
    return [
        {"role": message.role, "content": message.content.encode("utf-8", "replace").decode()}
        for message in messages
    ]


def chunks_of(data: str) -> tuple[Chunk, ...]:
    """Read one event's data, or the body of an answer that was not streamed: a chunk for each choice in it.

    Raises ValueError for what is neither.
    """
    try:
        value = json.loads(data)
    except RecursionError:
        raise ValueError("nested without end") from None
    if not isinstance(value, dict) or not {"choices", "usage", *_ERRORS} & value.keys():
        raise ValueError("no JSON object with choices in it")
    if value.get("error") or ("choices" not in value and any(value.get(key) for key in _ERRORS)):
        return (Chunk(error=data),)
    usage = _usage(value.get("usage"))
    choices = value.get("choices")
    said = [_choice(each) for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []
    return (*said, Chunk(usage=usage))


def _choice(choice: dict[str, Any]) -> Chunk:
    said = choice.get("delta") or choice.get("message")
    return Chunk(
        text=_text(said, "content"),
        reasoning=_text(said, "reasoning")
        or _text(said, "reasoning_content"),  # the second one before vLLM 0.12
        finish=_text(choice, "finish_reason"),
        index=_number(choice, "index"),
        logprobs=tuple(_logprobs(choice.get("logprobs"))),
    )


def _logprobs(value: object) -> Iterator[float]:
    tokens = value.get("content") if isinstance(value, dict) else None
    for token in tokens if isinstance(tokens, list) else []:
        told = token.get("logprob") if isinstance(token, dict) else None
        if isinstance(told, int | float) and isfinite(told):
            yield float(told)


def _text(holder: object, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    details = value.get("prompt_tokens_details")
    return Usage(
        prompt=_number(value, "prompt_tokens"),
        cached=_number(details, "cached_tokens"),
        answer=_number(value, "completion_tokens"),
    )


def _number(holder: object, key: str) -> int:
    value = holder.get(key) if isinstance(holder, dict) else None
    # `true` is an int to Python.
    return value if type(value) is int and 0 <= value < 2**40 else 0
