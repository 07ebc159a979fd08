"""`tai model status`: whether the configured server answers, what it serves and offers, and how busy it is."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tai.errors import EXIT_HOST, EXIT_INTERRUPTED, EXIT_OK, InputError, ModelError
from tai.frontends.console import open_console
from tai.frontends.engines import model_engine, wanted
from tai.frontends.flags import Flags
from tai.frontends.lines import BAD, GOOD, counted, hang
from tai.llm.base import Message
from tai.llm.discovery import ServedModel
from tai.llm.features import Features
from tai.llm.metrics import Load
from tai.llm.vllm import VLLMEngine
from tai.settings import Settings
from tai.text.sanitise import sanitise_line

_NOT_TOLD = "not offered by this server"


@dataclass(frozen=True, slots=True)
class Status:
    """models: as the server lists them, with their windows; exact_counts: whether it counts tokens for others;
    features: as a small request showed them; load: of vLLM."""

    url: str
    reachable: bool
    reason: str = ""
    models: tuple[ServedModel, ...] = ()
    chosen: str = ""
    version: str = ""
    exact_counts: bool = False
    features: Features | None = None
    load: Load | None = None


def status(flags: Flags, *, as_json: bool) -> int:
    """Exit status 0 when the server answers and has the model that is configured, 3 when not."""
    chosen = flags.settings()
    engine = model_engine(chosen)
    if engine is None:
        raise InputError(
            "No model server is configured: the deterministic engine answers. `tai model serve` starts one here; "
            "model_url, TAI_MODEL_URL or --model-url names one."
        )
    try:
        found = asyncio.run(_look(engine, chosen))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if as_json:
        print(json.dumps(asdict(found), indent=2))  # noqa: T201 - data, on standard output
    else:
        console = open_console(sys.stdout)
        for what, said in _lines(found):
            console.print(hang(f"{what:<12}  ", said, lead_style=GOOD if found.reachable else BAD))
    return EXIT_OK if found.reachable and not found.reason else EXIT_HOST


async def _look(engine: VLLMEngine, chosen: Settings) -> Status:
    url = chosen.model_url
    try:
        models, reason = tuple[ServedModel, ...](), ""
        try:
            models = await engine.models()
        except ModelError as error:
            reason = str(error)
            if not chosen.model:
                return Status(url, reachable=False, reason=reason)
        answers, name, features = not reason, chosen.model, None
        try:
            name = await wanted(engine, chosen, models)
            features, reason = await engine.features(), ""
        except ModelError as error:
            reason = str(error)
            if not answers:
                return Status(url, reachable=False, reason=reason)
        count = None if reason else await engine.count_tokens([Message("user", "tai")])
        return Status(
            url,
            reachable=True,
            reason=reason,
            models=models,
            chosen=name,
            version=await engine.version(),
            exact_counts=count is not None,
            features=features,
            load=await engine.load(),
        )
    finally:
        await engine.close()


def _lines(found: Status) -> Iterator[tuple[str, str]]:
    yield "server", f"{found.url}: {'answers' if found.reachable else found.reason}"
    if not found.reachable:
        return
    yield "vLLM", found.version or "it tells no version; another OpenAI-compatible server, or a proxy"
    for model in found.models:
        mark = ", the one that is asked" if model.name == found.chosen else ""
        window = counted(model.window, "token") if model.window else "window not told"
        yield "model", f"{sanitise_line(model.name)}: {window}{mark}"
    if not found.models and not found.reason:
        yield "model", f"{sanitise_line(found.chosen)}: not listed, as nothing is, and asked all the same"
    if found.reason:
        yield "trouble", found.reason
    yield (
        "tokens",
        "counted by the server" if found.exact_counts else f"estimated by tai; counting is {_NOT_TOLD}",
    )
    if found.features is not None:
        yield from _offers(found.features)
    yield from _load(found.load)


def _offers(features: Features) -> Iterator[tuple[str, str]]:
    match features.schema:
        case True:
            yield "schema", "enforced"
        case False:
            yield (
                "schema",
                "not enforced: the model is shown it in words, at the latest where an answer does not fit, and each is checked",
            )
        case None:
            yield "schema", "taken; whether it is enforced did not show"
    named = {
        "several answers at once (samples)": features.samples,
        "a fixed seed": features.seed,
        "log probabilities": features.logprobs,
        "token counts in a stream": features.usage,
        "thinking of the template's own switched off": features.no_thinking,
    }
    yield "offers", ", ".join(name for name, there in named.items() if there) or "nothing beyond an answer"
    if missing := [name for name, there in named.items() if not there]:
        yield "lacks", f"{', '.join(missing)}; tai does without"


def _load(load: Load | None) -> Iterator[tuple[str, str]]:
    if load is None:
        yield "load", f"/metrics is {_NOT_TOLD}: queue, cache and speeds stay unknown"
        return

    def told(value: float | None, form: str) -> str:
        return _NOT_TOLD if value is None else form.format(value)

    yield "queue", f"running {told(load.running, '{:d}')}, waiting {told(load.waiting, '{:d}')}"
    yield "KV cache", f"{told(load.cache_used, '{:.0%}')} in use"
    if load.first_token_s is None:
        yield "speed", "nothing was asked since its start"
        return
    yield "prefix cache", f"{told(load.cache_hits, '{:.0%} of prompt tokens were in it')}"
    yield (
        "speed",
        f"first token after {load.first_token_s:.2f} s, then {told(load.tokens_s, '{:.0f} tokens/s')} in one session; averages "
        "since its start",
    )
