"""Where tai's own words go in a conversation with a model: the schema, and the request to repair an answer.

The words themselves are templates (`tai.engine.prompt`), handed down as `tai.llm.base.Wording`.
"""

from __future__ import annotations

from dataclasses import replace

from tai.llm.base import Message, Wording

# As much of a flawed answer as is shown back to the model: room for a whole one at the usual cap of tokens.
_MOST_SHOWN = 12_000


def with_schema(messages: tuple[Message, ...], wording: Wording | None) -> tuple[Message, ...]:
    """The messages with the schema written out at their end, for a server that does not enforce it.

    At the end, so that the long part before it stays the same for the server's prefix cache.
    """
    if wording is None:
        return messages
    *before, last = messages
    return (*before, replace(last, content=f"{last.content}\n\n{wording.schema()}"))


def with_repair(messages: tuple[Message, ...], said: str, flaw: str, wording: Wording) -> tuple[Message, ...]:
    """The messages with the flawed answer and its flaw behind them."""
    shown = wording.shown(said[:_MOST_SHOWN])
    return (*messages, Message("assistant", shown), Message("user", wording.repair(flaw)))
