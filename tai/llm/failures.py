"""Why a call to the model server gave no answer, in words, and whether a second try makes sense.

A failure is a value here, since most of them first lead to another try; `tai.llm.vllm` makes the ModelError of the last
one. What httpx raises is translated in `tai.llm.http`; here is what servers answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tai.llm.completions import OPTIONAL

_MOST_QUOTED = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """reason: full sentences; transient: the same request may work in a moment, in `wait_s` seconds if the server said;
    without: fields of the request that this server does not take; unknown_model: it does not have the one asked for;
    overflow: the prompt does not fit; window: of the model in tokens, where the server said it, else 0.
    """

    reason: str
    transient: bool = False
    wait_s: float | None = None
    without: frozenset[str] = frozenset()
    unknown_model: bool = False
    overflow: bool = False
    window: int = 0


def plain(text: str) -> str:
    """A server's own words, fit for a message: one line, printable characters, not too many."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _MOST_QUOTED else line[: _MOST_QUOTED - 1] + "…"


def of_status(status: int, headers: Mapping[str, str], body: str, *, server: str, model: str) -> Failure:
    """What an HTTP status other than 200 means. headers: by lower-case name; body: as much of it as was read."""
    said = server_words(body)
    quoted = f" It said: {said}" if said else ""
    match status:
        case 401 | 403:
            return Failure(
                f"The model server at {server} refused the API key (HTTP {status}); model_key_file names the file that "
                f"holds it, TAI_MODEL_KEY is the key itself.{quoted}"
            )
        case 404:
            return Failure(
                f"The model server at {server} has no model {model!r}, or model_url names no OpenAI-compatible API "
                f"(HTTP 404).{quoted}",
                unknown_model=True,
            )
        case 400 | 413 | 422:
            return _refused(status, said, server=server, quoted=quoted)
        case 429 | 500 | 502 | 503 | 504:
            wait_s = retry_after(headers.get("retry-after", ""))
            trouble = {429: "is busy", 503: "is overloaded or still loading its model"}.get(
                status, "is in trouble"
            )
            again = f" It asks to come back in {wait_s:g} s." if wait_s else ""
            return Failure(
                f"The model server at {server} {trouble} (HTTP {status}).{again}{quoted}",
                transient=True,
                wait_s=wait_s,
            )
        case _ if 300 <= status < 400:
            return Failure(
                f"The server at {server} points elsewhere (HTTP {status}: {plain(headers.get('location', 'nowhere'))}); "
                "tai does not follow. If that is the model server, set model_url to it."
            )
        case _:
            return Failure(f"The model server at {server} answered HTTP {status}.{quoted}")


def of_page(kind: str, body: str, *, server: str) -> Failure:
    """A success that is not an answer: a web page, most often. kind: its media type."""
    shown = f": {words}" if (words := server_words(body)) else ""
    return Failure(
        f"The server at {server} is not an OpenAI-compatible model server: it answered with {plain(kind) or 'untyped data'}"
        f"{shown}. Check model_url."
    )


def retry_after(value: str, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3: seconds or a date) asks for; None for anything else."""
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):  # no date, or one beyond the calendar with its zone
        return None


def server_words(body: str) -> str:
    """The message in an error body: OpenAI's and vLLM's `error.message`, FastAPI's `detail`, or the text of a page."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return plain(re.sub(r"(?s)<(script|style|head).*?</\1>|<[^>]*>", " ", body))
    for key in ("error", "detail", "message"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    return plain(value if isinstance(value, str) else json.dumps(value))


def _refused(status: int, said: str, *, server: str, quoted: str) -> Failure:
    words = said.lower()
    if _is_overflow(words):
        window = _window(words)
        return Failure(
            f"The prompt is too long for the model at {server}: {_sizes(words, window)}. Ask with less evidence (budget) or a "
            f"shorter answer (model_answer_tokens).{quoted}",
            overflow=True,
            window=window,
        )
    without = frozenset(field for field, names in OPTIONAL.items() if any(name in words for name in names))
    return Failure(
        f"The model server at {server} refused the request (HTTP {status}).{quoted}", without=without
    )


def _is_overflow(words: str) -> bool:
    return any(
        sign in words
        for sign in (
            "context length",
            "context size",
            "context window",
            "max_model_len",
            "maximum model length",
        )
    )


def _window(words: str) -> int:
    """The window that an overflow message tells, 0 if none. Servers word it in many ways; it is named after its noun."""
    window = re.search(
        r"(?:context (?:length|size|window)|max_model_len|maximum model length)\D{0,20}?(\d{1,9})", words
    )
    return int(window[1]) if window else 0


def _sizes(words: str, window: int) -> str:
    """What an overflow message says about sizes, in tai's words."""
    wanted = _first(
        words,
        (
            r"requested (\d+) tokens",
            r"(\d+) input tokens",
            r"prompt \(length (\d+)\)",
            r"max_tokens\D{0,3}(\d+)",
        ),
    )
    parts = [
        f"{wanted} tokens or more were asked for" if wanted else "",
        f"its window is {window}" if window else "",
    ]
    return ", ".join(part for part in parts if part) or "it does not fit its window"


def _first(words: str, patterns: Iterable[str]) -> str:
    for pattern in patterns:
        if found := re.search(pattern, words):
            return found[1]
    return ""
