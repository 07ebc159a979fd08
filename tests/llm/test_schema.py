"""The schema that a server is asked to enforce bounds everything, and fits what is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tai.answer import Answer
from tai.llm.schema import answer_schema, response_format, schema_text


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(node, dict):
        if "type" in node or "anyOf" in node:
            yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def test_every_string_list_and_number_is_bounded() -> None:
    for node in nodes(answer_schema()):
        match node.get("type"):
            case "string":
                assert "maxLength" in node or "enum" in node, node
            case "array":
                assert "maxItems" in node, node
            case "integer":
                assert {"minimum", "maximum"} <= node.keys(), node
            case "object":
                assert node["additionalProperties"] is False
            case kind:
                assert kind == "null" or "anyOf" in node, node


def test_every_field_is_required_in_the_order_of_thinking() -> None:
    schema = answer_schema()
    assert schema["required"] == list(Answer.model_fields) == list(schema["properties"])
    assert all(node["required"] == list(node["properties"]) for node in nodes(schema) if "properties" in node)


def test_schema_stands_alone_and_carries_no_talk() -> None:
    text = schema_text()
    assert not any(word in text for word in ("$ref", "$defs", "title", "description", "default"))
    assert json.loads(text) == answer_schema()


def test_response_format_is_what_the_api_wants() -> None:
    form = response_format()
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"].isidentifier()
