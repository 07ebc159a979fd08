"""How a prompt and its answer fit into a model's window together. Pure; the asking is `tai.engine.ask`."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from tai.events import Receipt
from tai.llm import tokens
from tai.llm.base import Message, Size

LEAST_BUDGET = 200
"""Tokens of evidence below which a prompt is no longer worth asking."""

# An answer that may fill more of a small window than this leaves too little for what it shall be about.
_MOST_OF_WINDOW = 3
# Lines are kept whole and marks are added, so the evidence is never exactly as long as its budget.
_SPARE = 1.05
# Where nothing is known but that it was too long.
_LESS = 0.6


@dataclass(frozen=True, slots=True)
class Prompt:
    """messages: all of them; budget: tokens of evidence that the last one was made with; kept: how many of the messages stand
    in the conversation already.
    """

    messages: tuple[Message, ...]
    budget: int
    receipts: tuple[Receipt, ...] = ()
    kept: int = 0

    @property
    def estimate(self) -> int:
        """Tokens, without a tokenizer."""
        return tokens.count_messages(self.messages)


def share(window: int, wanted: int) -> int:
    """Tokens of the answer, and of thoughts before it, that a window leaves of what is wanted. window: 0 if unknown."""
    return min(wanted, window // _MOST_OF_WINDOW) if window else wanted


def over(prompt: Prompt, size: Size, answer: int) -> int:
    """Tokens by which prompt and answer are too long together; 0 when they fit or no window is known."""
    if not size.window:
        return 0
    counted = prompt.estimate if size.tokens is None else size.tokens
    return max(0, counted + answer - size.window)


def smaller(prompt: Prompt, size: Size, bare: int, excess: int) -> int:
    """The evidence budget to try next. bare: tokens of the same prompt with the least evidence, estimated; excess: tokens too
    many, as `size` counts; 0 when only the server knows.
    """
    evidence = min(prompt.budget, max(LEAST_BUDGET, prompt.estimate - bare + LEAST_BUDGET))
    if not excess:
        return max(LEAST_BUDGET, int(evidence * _LESS))
    # Budgets are in tai's estimate, which is above a server's count.
    scale = prompt.estimate / size.tokens if size.tokens else 1.0
    return max(LEAST_BUDGET, min(evidence - 1, evidence - ceil(excess * scale * _SPARE)))
