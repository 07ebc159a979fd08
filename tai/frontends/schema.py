"""`tai schema`: the JSON Schema of one line of `--json`, and of a record on disk. Made from the event types, so it cannot drift."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from tai import __version__
from tai.errors import EXIT_OK
from tai.events import Event

_STAMP: dict[str, Any] = {
    "seq": {"type": "integer", "minimum": 1, "description": "From 1, without gaps."},
    "at": {"type": "string", "format": "date-time", "description": "When it was told, UTC."},
    "session": {"type": "string", "description": "The session's id; with several hosts, each has its own."},
}
_CHAIN: dict[str, Any] = {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
    "description": "Only in a record on disk: sha256 over the digest of the line before and this line without it.",
}


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one line."""
    made = TypeAdapter(Annotated[Event, Field(discriminator="kind")]).json_schema(mode="serialization")
    for reference in made["discriminator"]["mapping"].values():
        kind = made["$defs"][reference.rpartition("/")[2]]
        kind["properties"] = {**_STAMP, **kind["properties"], "chain": _CHAIN}
        kind["required"] = [*_STAMP, *kind.get("required", [])]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of tai {__version__}'s event stream",
        **made,
    }


def show() -> int:
    """`tai schema`."""
    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
    return EXIT_OK
