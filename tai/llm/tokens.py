"""How many tokens a text will be, without a tokenizer. An estimate: `VLLMEngine.count_tokens` asks the server.

It errs to the safe side, since a prompt that does not fit is lost and one that is a little short is not. Calibrated in
November 2026 on 5,604 pieces of up to 2,000 characters (the evidence of real incidents, a sosreport, the command outputs
of jc's and insights-core's tests) against the largest count of three tokenizers that split as Gemma's does, digits one
by one: Qwen's (152k entries), Mistral's Tekken (131k) and its older SentencePiece model (32k). The estimate is 1.25 times
the truth in the median, under it for 1 piece in 100 by up to 6 %, and at worst 0.8 of it: base64. `len(text) / 4`, often
seen, is 0.6 of the truth in the median of the same pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import ceil
from typing import Final

from tai.llm.base import Message

# Chat templates put a role and two or three marks around each message.
PER_MESSAGE = 8
# The estimate is never twice the truth of a prompt that is longer than this; Ollama cuts at 2,048 or 4,096 as it comes.
_LEAST_JUDGED: Final = 2000

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"[0-9]")
_DIGIT_AFTER_BLANK = re.compile(r"(?<=[ \t])[0-9]")
_RULE = re.compile(r"([!-/:-@\[-`{-~])\1{3,}")
_MARK = re.compile(r"[!-/:-@\[-`{-~]")
_GAP = re.compile(r"\n|[^\S\n]{2,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ASCII = re.compile(r"[\x00-\x7f]+")


def count(text: str) -> int:
    """Tokens of `text`, estimated from above. Work grows with the length; about 8 MB/s on one core."""
    gaps = _GAP.findall(text)
    # A drawn rule (-----) is a few tokens, not one a mark.
    short_rules = _RULE.sub(lambda rule: rule[1] * (2 + len(rule[0]) // 12), text)
    estimate = (
        0.55 * len(_WORD.findall(text))
        + 0.30 * len(_LETTER.findall(text))
        + 1.10 * len(_DIGIT.findall(text))
        + 0.90 * len(_DIGIT_AFTER_BLANK.findall(text))  # the blank before a digit is a token of its own
        + 0.85 * len(_MARK.findall(short_rules))
        + 1.70 * len(gaps)
        + sum(map(len, gaps)) / 14  # the longest run of blanks that an older vocabulary has is 16
        + len(_CONTROL.findall(text))
        + 0.50 * len(_ASCII.sub("", text).encode("utf-8", "replace"))
    )
    return ceil(estimate)


def count_messages(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt, the chat template's marks included."""
    return sum(count(message.content) + PER_MESSAGE for message in messages)


def cut_short(messages: Iterable[Message], read: int) -> list[str]:
    """A note where the server read far less than it was sent, as Ollama does with what is over its window; else none.

    read: tokens of the prompt as the server counted them, 0 where it did not.
    """
    estimate = count_messages(messages)
    if not read or estimate <= _LEAST_JUDGED or read * 2 >= estimate:
        return []
    return [
        f"the server read {read:,} tokens of a prompt of about {estimate:,}: it seems to cut what its context does not "
        "hold, and says nothing; raise its context (Ollama: num_ctx) or ask with less evidence (budget)"
    ]
