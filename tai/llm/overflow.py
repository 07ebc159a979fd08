"""Whether a server's words say that a prompt does not fit its window, and how large that is. Pure.

Servers word it in as many ways as there are; the tests quote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOUN = (
    r"(?:context[ _-](?:length|size|window)|(?:max_model|max_seq|max_sequence|max_input)_len(?:gth)?|max_num_tokens|max_input_tokens"
    r"|n_ctx|maximum (?:model|allowed|input|prompt|sequence) length|maximum number of (?:input )?tokens(?: allowed)?)"
)
_SIGNS = (
    _NOUN,
    r"context_length_exceeded",
    r"exceed(?:s|ed|ing)?[ _](?:the[ _])?(?:available[ _])?context",
    r"(?:prompt|inputs?|messages?)`? (?:is |are )?too (?:long|large)",
    r"too many (?:input |prompt )?tokens",
    r"inputs`? (?:tokens \+|must have less than)",  # Text Generation Inference
    r"tokens > \d+ maximum",
)
# An error inside the server may speak of its context for other reasons.
_TOO_MUCH = re.compile(r"exceed|too (?:long|large|many)|longer|larger|greater|more than|maximum|at most")
# The limit stands behind its noun, before it, or behind a comparison.
_WINDOWS = (
    rf"(\d{{1,9}})(?:[ -]tokens?)?(?: maximum| max)? {_NOUN}",
    rf"{_NOUN}\D{{0,20}}?(\d{{1,9}})",
    r"> ?(\d{1,9}) maximum",
    r"must (?:be <=?|have less than) ?(\d{1,9})",
)
_WANTED = (
    r"n_prompt_tokens\D{0,4}(\d+)",
    r"requested (\d+) tokens",
    r"(\d+) input tokens",
    r"(?:prompt|input)(?: token)?(?: length| count)? ?\((?:length )?(\d+)",
    r"(?:given|too long): (\d+)",
    r"contains (\d+) tokens",
    r"max_tokens\D{0,3}(\d+)",
)


def is_overflow(words: str, *, inside: bool = False) -> bool:
    """words: the message, and code and type of the error if it has them, in lower case; inside: it is called the server's own
    error (HTTP 5xx), not one of the request.
    """
    return any(re.search(sign, words) for sign in _SIGNS) and (not inside or bool(_TOO_MUCH.search(words)))


def window(words: str) -> int:
    """The window in tokens that an overflow message tells, 0 if none."""
    return int(_first(words, _WINDOWS) or 0)


def sizes(words: str) -> str:
    """What an overflow message says about sizes, in tai's words."""
    wanted, limit = _first(words, _WANTED), window(words)
    parts = [
        f"{wanted} tokens or more were asked for" if wanted else "",
        f"its window is {limit}" if limit else "",
    ]
    return ", ".join(part for part in parts if part) or "it does not fit its window"


def _first(words: str, patterns: Iterable[str]) -> str:
    for pattern in patterns:
        if found := re.search(pattern, words):
            return found[1]
    return ""
