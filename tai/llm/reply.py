"""What one call to a model has said so far, and the caps and guards on it. Not an answer yet: see `reading`."""

from __future__ import annotations

import codecs
from statistics import fmean

from tai.answer import Answer
from tai.llm.base import Delta
from tai.llm.completions import Chunk, Usage
from tai.llm.failures import Failure, of_stream
from tai.llm.guards import LoopGuard
from tai.llm.reading import read_answer

# A server may ignore max_tokens, so characters are counted here. Prose and JSON have 2 to 5 a token, indentation up to
# 16; the loop guard sees to what is nothing but blanks.
CHARS_PER_TOKEN = 12


class Reply:
    """Gathers the chunks of one call.

    text, reasoning: what was said on each channel; finish: the server's reason for its end, '' before; loop: the kind
    of loop it fell into, or ''; failure: why the call gave no answer, or None; usage: as far as it was told;
    max_tokens: what it may hold.
    """

    def __init__(self, max_tokens: int) -> None:
        self.finish = ""
        self.loop = ""
        self.failure: Failure | None = None
        self.usage = Usage()
        self.max_tokens = max_tokens
        self._logprobs: list[float] = []
        self._channels = {"answer": _Channel(), "reasoning": _Channel()}

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._channels["answer"].pieces)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return "".join(self._channels["reasoning"].pieces)

    @property
    def logprob(self) -> float | None:
        """The mean log probability of its tokens; None where none were told."""
        return fmean(self._logprobs) if self._logprobs else None

    def read(self) -> Answer | str:
        """The answer in it, or what is wrong with it. Some servers put all of it into the reasoning and leave the text empty."""
        answer = read_answer(self.text)
        if self.text.strip() or self.finish == "length":
            return answer
        thought = read_answer(self.reasoning)
        return answer if isinstance(thought, str) else thought

    @property
    def begun(self) -> bool:
        """Whether anything at all was said."""
        return any(channel.chars for channel in self._channels.values())

    @property
    def over(self) -> bool:
        """Whether to stop reading: the reply loops, or failed."""
        return bool(self.loop or self.failure)

    def take(self, chunk: Chunk) -> list[Delta]:
        """Add a chunk; returns what it says, for showing."""
        if chunk.error:
            self.failure = of_stream(chunk.error, begun=self.begun)
            return []
        self.finish = chunk.finish or self.finish
        self.usage = chunk.usage or self.usage
        self._logprobs += chunk.logprobs
        deltas = []
        if text := self._channels["reasoning"].take(chunk.reasoning):
            deltas.append(Delta(text, "reasoning"))
        if text := self._channels["answer"].take(chunk.text):
            deltas.append(Delta(text))
        self.loop = self._channels["answer"].loop or self._channels["reasoning"].loop
        if sum(channel.chars for channel in self._channels.values()) > self.max_tokens * CHARS_PER_TOKEN:
            self.finish = self.finish or "length"
            self.failure = Failure(
                f"The model wrote on past the {self.max_tokens} tokens (model_answer_tokens) that it was allowed, so "
                "tai stopped it."
            )
        return deltas


class _Channel:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.chars = 0
        self.loop = ""
        self._guard = LoopGuard()
        # A server that writes JSON in ASCII may cut a character beyond U+FFFF into two halves, each in a chunk of its
        # own. Through UTF-16 they are joined again, and a half that stays alone becomes U+FFFD.
        self._halves = codecs.getincrementaldecoder("utf-16-le")("replace")

    def take(self, piece: str) -> str:
        if not piece:
            return ""
        text = self._halves.decode(piece.encode("utf-16-le", "surrogatepass"))
        self.pieces.append(text)
        self.chars += len(text)
        self.loop = self.loop or self._guard.feed(text)
        return text
