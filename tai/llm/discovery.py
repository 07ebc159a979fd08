"""What a model server tells of itself beside its answers: models, their windows, token counts, version, load.

Not the asking (`tai.llm.vllm`). Most of it is vLLM's own; what another server lacks reads as not told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tai.errors import ModelError
from tai.llm.base import Message, Size
from tai.llm.completions import NO_THINKING, chat
from tai.llm.endpoint import Endpoint
from tai.llm.failures import Failure
from tai.llm.metrics import Load, read_load

if TYPE_CHECKING:
    from tai.llm.http import Link

_SHORT_BYTES = 4 * 2**20  # /tokenize sends a number for each token of a whole window


_NO_WORDS = re.compile(r"(?i)embed|rerank|whisper|(?<![a-z])tts(?![a-z])")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has. window: its context length in tokens; 0 when the server does not say."""

    name: str
    window: int = 0


class Discovery:
    """Asks one server. connect: gives the link, or raises ModelError; within_s: seconds for each answer."""

    def __init__(self, connect: Callable[[], tuple[Link, Endpoint]], *, within_s: float) -> None:
        self._connect = connect
        self._within_s = within_s
        self._counts = True  # until the server turns out not to
        self._windows: dict[str, int] | None = None

    async def models(self) -> tuple[ServedModel, ...]:
        """What the server has, from /v1/models, those first that answer in words. Raises ModelError."""
        link, endpoint = self._connect()
        body = await link.fetch(
            "GET", f"{endpoint.base}/models", within_s=self._within_s, max_bytes=_SHORT_BYTES
        )
        if isinstance(body, Failure):
            raise ModelError(body.reason)
        served = tuple(_served(body))
        self._windows = {each.name: each.window for each in served}
        return served

    async def window(self, model: str) -> int:
        """The window of a model in tokens, asked for once; 0 where the server does not say."""
        if self._windows is None:
            try:
                await self.models()
            except ModelError:
                return 0
        return next((size for name, size in (self._windows or {}).items() if same_model(name, model)), 0)

    async def count(self, model: str, messages: Iterable[Message], *, plain: bool) -> Size:
        """Tokens of a prompt as the server's tokenizer and chat template make them, by vLLM's /tokenize.

        plain: without the switch for thinking, for a server that refuses it. A server that has no such page, or is slow with
        it, is asked once.
        """
        if not self._counts:
            return Size()
        try:
            link, endpoint = self._connect()
            body = {"model": model, "messages": chat(messages), "add_generation_prompt": True}
            text = await link.fetch(
                "POST",
                f"{endpoint.root}/tokenize",
                body if plain else body | {NO_THINKING: {"enable_thinking": False}},
                within_s=self._within_s,
                max_bytes=_SHORT_BYTES,
            )
        except ModelError:
            return Size()
        if isinstance(text, Failure):
            self._counts = text.transient
            return Size()
        told = _object(text)
        tokens = _number(told.get("count"))
        self._counts = tokens is not None
        return Size(tokens, _number(told.get("max_model_len")) or 0)

    async def version(self) -> str:
        """vLLM's version; '' where the server does not tell one."""
        version = _object(await self._page("/version")).get("version")
        return version if isinstance(version, str) else ""

    async def load(self) -> Load | None:
        """Queue, cache and speeds, by vLLM's /metrics; None where there are none."""
        text = await self._page("/metrics", frozenset({"text/plain"}))
        return read_load(text) if text else None

    async def _page(self, path: str, kinds: Set[str] = frozenset({"application/json"})) -> str:
        """A page beside the API; '' where there is none."""
        try:
            link, endpoint = self._connect()
            text = await link.fetch(
                "GET",
                endpoint.root + path,
                within_s=self._within_s,
                max_bytes=_SHORT_BYTES,
                kinds=kinds,
            )
        except ModelError:
            return ""
        return "" if isinstance(text, Failure) else text


def same_model(one: str, other: str) -> bool:
    """Whether two names mean the same: Ollama takes a name without a tag for that of `latest`."""
    return one.removesuffix(":latest") == other.removesuffix(":latest")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    # `true` is an int to Python.
    return value if type(value) is int and 0 <= value < 2**40 else None


def _served(text: str) -> list[ServedModel]:
    """The models that answer in words first, in the server's order: one that is to be chosen is the first."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return []
    lists = [told, *(told.get(key) for key in ("data", "models"))] if isinstance(told, dict) else [told]
    entries = next((each for each in lists if isinstance(each, list) and each), [])
    found = [(entry, name) for entry in entries if (name := _name(entry))]
    found.sort(key=lambda each: _says_no_words(*each))
    return [ServedModel(name, _window(entry)) for entry, name in found]


def _name(entry: object) -> str:
    """As OpenAI's list calls it, or as Ollama's and llama.cpp's own lists do."""
    values = (entry.get(key) for key in ("id", "name", "model")) if isinstance(entry, dict) else (entry,)
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _window(entry: object) -> int:
    """vLLM's max_model_len; llama.cpp's meta.n_ctx, not n_ctx_train, which is of the weights; then what proxies pass on."""
    if not isinstance(entry, dict):
        return 0
    meta = entry.get("meta")
    told = [
        entry.get("max_model_len"),
        meta.get("n_ctx") if isinstance(meta, dict) else None,
        *(entry.get(key) for key in ("loaded_context_length", "context_length", "max_context_length")),
    ]
    return next((size for value in told if (size := _number(value))), 0)


def _says_no_words(entry: object, name: str) -> bool:
    """Whether name or kind say that it embeds, ranks, or deals in speech."""
    kinds = [entry.get(key) for key in ("type", "task")] if isinstance(entry, dict) else []
    return any(isinstance(said, str) and _NO_WORDS.search(said) for said in (name, *kinds))
