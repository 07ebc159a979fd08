"""The JSON Schema that constrains a model, made from `tai.answer.Answer`. Not the check of what comes back: `reading`.

pydantic's own schema says what is *accepted*; a model needs what it shall *write*. So every field is required, in its
order, since a model that may leave `observations` out goes straight to a cause; nothing but these fields is allowed;
titles, defaults and docstrings go; and definitions stand where they are used, since not every server follows `$ref`.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from tai.answer import Answer

NAME = "diagnosis"
_TALK = {"title", "description", "default", "$defs"}


@functools.cache
def answer_schema() -> dict[str, Any]:
    """The schema. Every string and list in it is bounded. Callers must not change it."""
    schema = Answer.model_json_schema()
    written = _written(schema, schema.get("$defs", {}))
    assert isinstance(written, dict)  # noqa: S101 - a dict goes in, a dict comes out
    return written


@functools.cache
def response_format() -> dict[str, Any]:
    """The `response_format` of a chat completions request, as OpenAI defines it and vLLM serves it."""
    return {"type": "json_schema", "json_schema": {"name": NAME, "strict": True, "schema": answer_schema()}}


@functools.cache
def schema_text() -> str:
    """The schema on one line, for a prompt where the server cannot enforce it."""
    return json.dumps(answer_schema(), separators=(",", ":"))


def _written(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_written(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _written(definitions[node["$ref"].rpartition("/")[2]], definitions)
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            # Below here a key is a field's name, which may well be `title` or `default`.
            kept[key] = {name: _written(field, definitions) for name, field in value.items()}
        elif key not in _TALK:
            kept[key] = _written(value, definitions)
    if "properties" in kept:
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept
