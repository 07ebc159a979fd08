"""What a model server offers of all that tai can use, found out by one small request. Not its list of models: see `discovery`.

A server that refuses a field is asked again without it, as for an answer. One that takes a field and does nothing about it is
found out too: the prompt asks for a greeting, and only a schema that is enforced makes JSON of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tai.llm.base import Message
from tai.llm.completions import asking_less, request_body

ASKED_TOKENS = 24
"""Of each of the answers that are tried: enough for the object, a second's work at most."""

SAMPLES = 2
_GREETING = (Message("user", "Say hello in one word."),)
_SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
_FITTING = ('{"ok":true}', '{"ok":false}')


@dataclass(frozen=True, slots=True)
class Features:
    """True where the server was seen to do it, False where it refused or took no notice, None where that did not show.

    schema: response_format with a JSON schema; samples: several answers at once; seed: taken, whatever it does with it;
    logprobs: of each token; usage: token counts in a stream; no_thinking: the switch that keeps a template from thinking.
    """

    schema: bool | None = None
    samples: bool = False
    seed: bool = False
    logprobs: bool = False
    usage: bool = False
    no_thinking: bool = False


def trial(model: str, refused: Iterable[str]) -> dict[str, Any]:
    """The JSON of the request. refused: fields to leave out."""
    body = request_body(
        model, _GREETING, max_tokens=ASKED_TOKENS, constrained=False, samples=SAMPLES, refused=()
    )
    wanted = {"name": "trial", "strict": True, "schema": _SCHEMA}
    body |= {"logprobs": True, "response_format": {"type": "json_schema", "json_schema": wanted}}
    return asking_less(body, refused)


def read_trial(body: dict[str, Any], events: Iterable[str]) -> Features:
    """What the answer to `body` shows. events: the data of each event of the stream, or the one document."""
    texts: dict[int, str] = {}
    logprobs = usage = False
    for event in events:
        try:
            told = json.loads(event)
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict):
            continue
        usage = usage or isinstance(told.get("usage"), dict)
        choices = told.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if not isinstance(choice, dict):
                continue
            logprobs = logprobs or bool(choice.get("logprobs"))
            said = choice.get("delta") or choice.get("message")
            text = said.get("content") if isinstance(said, dict) else None
            index = choice.get("index", 0)
            if isinstance(index, int):
                texts[index] = texts.get(index, "") + (text if isinstance(text, str) else "")
    return Features(
        schema=_enforced(texts.get(0, "")) if "response_format" in body else False,
        samples="n" in body and len(texts) >= SAMPLES,
        seed="seed" in body,
        logprobs=logprobs,
        usage=usage,
        no_thinking="chat_template_kwargs" in body,
    )


def _enforced(text: str) -> bool | None:
    """Whether the text is the object, or its beginning where the cap cut it; None for nothing but white space."""
    said = re.sub(r"\s", "", text)
    return any(whole.startswith(said) for whole in _FITTING) if said else None
