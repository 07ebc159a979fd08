"""Reads a model's text into an `Answer`, or says what is wrong with it in words that the model can act on.

Not a check of what the answer claims: that is `tai.engine.verify`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from tai.answer import Answer

# Without a schema enforced, models put the object into a fence or behind a sentence. Braces in that sentence are tried
# as objects too; past this many it is prose, and each try may cost the length of the text.
_MOST_STARTS = 40
_MOST_FLAWS = 5
# strict=False: under a schema with maxLength, vLLM 0.32 (xgrammar) was seen to let raw control characters into strings,
# which strict JSON forbids. What they could do to a terminal is the sanitiser's business, as for all text.
_DECODER = json.JSONDecoder(strict=False)


def read_answer(text: str) -> Answer | str:
    """The first JSON object in `text` that is an answer; otherwise a description of the flaw, for people and model."""
    if not text.strip():
        return "there was no text"
    flaw = ""
    for value in _objects(text):
        if isinstance(value, str):
            flaw = flaw or value
            continue
        try:
            return Answer.model_validate(value)
        except ValidationError as error:
            # The flaws of an object that at least tried say more than that of the braces around it.
            flaw = _flaws(error) if "outcome" in value or not flaw else flaw
    return flaw or "there was no JSON object in it"


def _objects(text: str) -> Iterator[dict[str, Any] | str]:
    """Each object that starts outside of the ones before, or what is wrong where one seemed to start."""
    at = -1
    for _ in range(_MOST_STARTS):
        if (at := text.find("{", at + 1)) < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            yield f"it was not valid JSON: {error.msg} at character {error.pos + 1}"
        except (ValueError, RecursionError):  # an integer of thousands of digits; nesting without end
            yield "it was not valid JSON: a number or a nesting without end"
        else:
            yield value
            at = end - 1


def _flaws(error: ValidationError) -> str:
    flaws = error.errors(include_url=False, include_input=False, include_context=False)
    named = [f"{_where(flaw['loc'])}: {flaw['msg']}" for flaw in flaws[:_MOST_FLAWS]]
    more = f"; and {len(flaws) - _MOST_FLAWS} more" if len(flaws) > _MOST_FLAWS else ""
    return f"it did not fit the schema: {'; '.join(named)}{more}"


def _where(path: tuple[int | str, ...]) -> str:
    return re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, path))) or "the object"
