"""The answers of one call, of which there may be several: each choice of a completion is a `Reply` of its own.

Not a judge of which is best: the first is the one that is shown as it streams, and `tai.engine.agreement` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tai.llm.base import Delta
from tai.llm.completions import Chunk
from tai.llm.failures import Failure
from tai.llm.reply import Reply


class Replies:
    """samples: as many as were asked for; a server may give fewer. failure: why the call gave no answer at all, or None."""

    def __init__(self, max_tokens: int, samples: int = 1) -> None:
        self.max_tokens = max_tokens
        self.failure: Failure | None = None
        self._each = [Reply(max_tokens) for _ in range(samples)]

    def __len__(self) -> int:
        return len(self._each)

    @property
    def first(self) -> Reply:
        """The one that is shown as it comes."""
        return self._each[0]

    @property
    def begun(self) -> bool:
        """Whether anything at all was said."""
        return any(reply.begun for reply in self._each)

    @property
    def done(self) -> bool:
        """Whether all that were asked for have come to their end."""
        return all(reply.finish for reply in self._each)

    @property
    def over(self) -> bool:
        """Whether to stop reading: the call failed, or what still runs is in a loop or past its cap."""
        return bool(self.failure) or (
            any(reply.over for reply in self._each)
            and all(reply.finish or reply.over for reply in self._each)
        )

    def finished(self) -> Iterator[Reply]:
        """Those that came to an end of their own."""
        return (reply for reply in self._each if reply.finish and not reply.over)

    def close(self) -> None:
        """The server said that there is no more: what has begun is done."""
        for reply in self._each:
            if reply.begun:
                reply.finish = reply.finish or "stop"
        self.first.finish = self.first.finish or "stop"

    def take(self, chunks: Iterable[Chunk]) -> list[Delta]:
        """Add what one event of the stream says; returns what is to be shown. A choice that nobody asked for is dropped."""
        deltas: list[Delta] = []
        for chunk in chunks:
            if chunk.index >= len(self._each):
                continue
            reply = self._each[chunk.index]
            said = reply.take(chunk)
            if reply is self.first:
                deltas += said
            if chunk.error:
                self.failure = reply.failure
        if self.over and not self.failure and not any(self.finished()) and not self.first.loop:
            self.failure = self.first.failure
        return deltas
