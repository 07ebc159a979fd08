"""How long tai waits for a model: for its first token, between two tokens, and in all. Not the connection's limit,
which httpx keeps (`tai.llm.http`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

# After the last token a server sends its token counts in the same breath, and then ends. One that does not is not
# waited for: the answer is there.
_AFTERWARDS_S = 1.0


class Patience:
    """The time limits of one answer, over all calls that it takes. Limits in seconds; must be made in a running loop."""

    def __init__(self, *, first_token_s: float, stall_s: float, total_s: float) -> None:
        self._first_token_s = first_token_s
        self._stall_s = stall_s
        self._total_s = total_s
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + total_s
        self._next = self._end
        self._words = ""
        self.call()

    def call(self) -> None:
        """A call begins: the wait for its first token."""
        self._await_for(
            self._first_token_s,
            f"The model said nothing within {self._first_token_s:g} s (model_first_token_s).",
        )

    def heard(self) -> None:
        """A token came: the wait for the next one."""
        self._await_for(
            self._stall_s,
            f"The model stopped in mid-answer: nothing more came for {self._stall_s:g} s (model_stall_s).",
        )

    def finished(self) -> None:
        """The model said that it is done: a short wait for the rest."""
        self._await_for(
            min(self._stall_s, _AFTERWARDS_S), "The server did not end the stream after the answer."
        )

    def left(self) -> float:
        """Seconds until the limit that comes first."""
        return min(self._next, self._end) - self._clock()

    async def wait(self, what: Awaitable[T]) -> T:
        """Wait for something as long as the limits let. Raises TimeoutError; then `reason` says which limit it was."""
        async with asyncio.timeout_at(min(self._next, self._end)):
            return await what

    def reason(self) -> str:
        """Which limit is the next to end the wait, in words."""
        if self._end <= self._next:
            return f"The model was not done within {self._total_s:g} s (model_total_s)."
        return self._words

    def _await_for(self, seconds: float, words: str) -> None:
        self._next = self._clock() + seconds
        self._words = words
