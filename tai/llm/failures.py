"""Why a call to the model server gave no answer, in words, and whether a second try makes sense.

A failure is a value here, since most of them first lead to another try; `tai.llm.vllm` makes the ModelError of the last
one. What httpx raises is translated in `tai.llm.http`; here is what servers answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tai.llm.completions import OPTIONAL
from tai.llm.overflow import is_overflow, sizes, window

_MOST_QUOTED = 300
_MOST_READ = 4000
_INSIDE = 500  # from here on a server calls it an error of its own
# The same request may work in a moment. 408: the server waited too long for it; 425: too early; 529: overloaded, as some say.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# What servers answer to a field that they do not take: 500 where nobody there thought of it.
_MAY_BE_A_FIELD = frozenset({400, 413, 422, 500, 501})
_TROUBLE = {
    429: "is busy",
    503: "is overloaded or still loading its model",
    529: "is overloaded",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """reason: full sentences; transient: the same request may work in a moment, in `wait_s` seconds if the server said;
    without: fields of the request that this server does not take; unknown_model: it does not have the one asked for;
    overflow: the prompt does not fit; window: of the model in tokens, where the server said it, else 0;
    odd: refused for a reason that tai does not know, which may be any field of the request.
    """

    reason: str
    transient: bool = False
    wait_s: float | None = None
    without: frozenset[str] = frozenset()
    unknown_model: bool = False
    overflow: bool = False
    window: int = 0
    odd: bool = False


def plain(text: str) -> str:
    """A server's own words, fit for a message: one line, printable characters, not too many."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _MOST_QUOTED else line[: _MOST_QUOTED - 1] + "…"


def of_status(status: int, headers: Mapping[str, str], body: str, *, server: str, model: str) -> Failure:
    """What an HTTP status other than 200 means. headers: by lower-case name; body: as much of it as was read."""
    said = server_words(body)
    quoted = f" It said: {said}" if said else ""
    refused = _refused(
        body,
        f"The model server at {server} refused the request (HTTP {status}).{quoted}",
        status=status,
        server=server,
    )
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
        case _ if status in _MAY_BE_A_FIELD and (status not in _TRANSIENT or refused.overflow):
            return refused
        case _ if status in _TRANSIENT:
            wait_s = retry_after(headers.get("retry-after", ""))
            trouble = _TROUBLE.get(status, "is in trouble")
            again = f" It asks to come back in {wait_s:g} s." if wait_s else ""
            return Failure(
                f"The model server at {server} {trouble} (HTTP {status}).{again}{quoted}",
                transient=True,
                wait_s=wait_s,
                without=refused.without,
                odd=refused.odd,
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
    return plain(_message(body))


def _message(body: str) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return re.sub(r"(?s)<(script|style|head).*?</\1>|<[^>]*>", " ", body)
    for key in ("error", "detail", "message"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    return value if isinstance(value, str) else json.dumps(value)


def of_stream(error: str, *, begun: bool) -> Failure:
    """What an error inside a stream means, read like an HTTP error of the code that it names. error: the event's data;
    begun: something of the answer came before it.
    """
    reason = f"The model server broke off with an error: {server_words(error)}"
    status = _code(error)
    read = _refused(error, reason, status=status)
    if read.overflow:
        return read
    # Once something was said, nothing but a shorter prompt is worth another call.
    return Failure(reason) if begun else replace(read, transient=status in _TRANSIENT)


def _refused(body: str, reason: str, *, status: int, server: str = "") -> Failure:
    """A request that the server does not take as it is, as far as its words tell why; reason: where they do not."""
    words = f"{_message(body)[:_MOST_READ]} {_kind(body)}".lower()
    if is_overflow(words, inside=status >= _INSIDE):
        where, said = f" at {server}" if server else "", server_words(body)
        quoted = f" It said: {said}" if said else ""
        return Failure(
            f"The prompt is too long for the model{where}: {sizes(words)}. Ask with less evidence (budget) or a shorter answer "
            f"(model_answer_tokens).{quoted}",
            overflow=True,
            window=window(words),
        )
    if status not in _MAY_BE_A_FIELD:
        return Failure(reason)
    without = frozenset(field for field, names in OPTIONAL.items() if re.search(names, words))
    return Failure(reason, without=without, odd=not without)


def _error(body: str) -> dict[str, object]:
    """The object that describes an error, {} where there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    inner = value.get("error") if isinstance(value, dict) else None
    found = inner if isinstance(inner, dict) else value
    return found if isinstance(found, dict) else {}


def _kind(body: str) -> str:
    """What an error says beside its message: its code, its type, and llama.cpp's numbers."""
    error = _error(body)
    named = [str(error[key]) for key in ("code", "type") if isinstance(error.get(key), str)]
    numbers = [f"{key} {error[key]}" for key in ("n_prompt_tokens", "n_ctx") if type(error.get(key)) is int]
    return " ".join(named + numbers)[:_MOST_QUOTED]


def _code(body: str) -> int:
    """The HTTP status that an error names, 400 where it names none: what is not known to pass is not asked again as it is."""
    code = _error(body).get("code")
    known = int(code) if isinstance(code, str) and re.fullmatch(r"[0-9]{3}", code) else code
    return known if type(known) is int and known in range(400, 600) else 400
