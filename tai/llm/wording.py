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
    return messages if wording is None else _added(messages, wording.schema())


def to_think(messages: tuple[Message, ...], wording: Wording) -> tuple[Message, ...]:
    """The messages with the request to think in plain text at their end: what stands before it is the prefix that any later
    call shares, this incident's next question too.
    """
    return _added(messages, wording.think())


def with_thoughts(thinking: tuple[Message, ...], thoughts: str, wording: Wording) -> tuple[Message, ...]:
    """What was asked for in `thinking`, the thoughts that came, and the request to answer. All of it but the last message
    is what the server has just read and written.
    """
    return (*thinking, Message("assistant", wording.shown(thoughts)), Message("user", wording.decide()))


def _added(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    # Not as a message of its own: chat templates may insist that user and assistant take turns.
    *before, last = messages
    return (*before, replace(last, content=f"{last.content}\n\n{words}"))


def with_repair(messages: tuple[Message, ...], said: str, flaw: str, wording: Wording) -> tuple[Message, ...]:
    """The messages with the flawed answer and its flaw behind them."""
    shown = wording.shown(said[:_MOST_SHOWN])
    return (*messages, Message("assistant", shown), Message("user", wording.repair(flaw)))
