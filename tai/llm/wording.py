"""What tai says to a model apart from the prompt: the schema in words, and the request to repair an answer."""

from __future__ import annotations

from dataclasses import replace

from tai.llm.base import Message
from tai.llm.schema import schema_text

# As much of a flawed answer as is shown back to the model: room for a whole one at the usual cap of tokens.
_MOST_SHOWN = 12_000


def with_schema(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages with the schema written out at their end, for a server that does not enforce it.

    At the end, so that the long part before it stays the same for the server's prefix cache.
    """
    *before, last = messages
    note = (
        "Answer with one JSON object and nothing else: no text around it, no code fence. Copy quoted lines exactly, and "
        f"stop after the closing brace. The object must fit this JSON Schema:\n{schema_text()}"
    )
    return (*before, replace(last, content=f"{last.content}\n\n{note}"))


def with_repair(messages: tuple[Message, ...], said: str, flaw: str) -> tuple[Message, ...]:
    """The messages with the flawed answer and its flaw behind them."""
    return (
        *messages,
        Message("assistant", said[:_MOST_SHOWN]),
        Message(
            "user",
            f"That answer cannot be used: {flaw}. Write the whole answer again as one JSON object that fits the schema. "
            "Change nothing else about it.",
        ),
    )
