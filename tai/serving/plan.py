"""Which variant of a model fits which memory, how long a text may be, and how many sessions fit at once. Pure arithmetic.

Not a promise: vLLM measures at its start and says the true figures in its log, which `tai model serve` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tai.serving.hardware import Gpu
from tai.serving.variants import ONLY_NAMED, VARIANTS, Variant

CONTEXTS: Final = (131_072, 65_536, 32_768, 16_384)
# tai's evidence (8,000), the prompt around it, thinking and an answer.
LEAST_CONTEXT: Final = CONTEXTS[-1]
_ROOMY: Final = CONTEXTS[-2]  # evidence, and some rounds of questions about it
_SESSIONS: Final = 4  # a context is chosen so that this many fit
# vLLM's default for --max-num-batched-tokens, by the memory of a card.
_LARGE_GB: Final = 75.0
_LARGE_CHUNK: Final = 8192
_CHUNK: Final = 2048


@dataclass(frozen=True, slots=True)
class Fit:
    """A variant on some memory. cache_gb: what is left for the KV cache; sessions: texts of `context` tokens that fit at once,
    None where the shape is not known; lacks: why it does not fit, '' where it does.
    """

    variant: Variant
    usable_gb: float
    cache_gb: float
    context: int
    sessions: float | None
    lacks: str = ""


def fit(variant: Variant, gpu: Gpu, cards: int = 1, context: int | None = None) -> Fit:
    """How `variant` fits `cards` cards like `gpu`, its layers cut over all of them. context: wanted tokens."""
    usable = gpu.total_gb * gpu.share * cards
    cache = usable - variant.least_gb
    window = variant.window or CONTEXTS[0]
    wanted = min(context, window) if context else 0
    lacks = ""
    if cache <= 0:
        lacks = f"needs {variant.least_gb:.1f} GB, {usable:.1f} GB can be used"
    elif variant.blackwell and not gpu.blackwell:
        lacks = "NVFP4 is computed by NVIDIA Blackwell cards"
    if variant.shape is None:
        return Fit(variant, usable, max(cache, 0), wanted or min(window, LEAST_CONTEXT * 2), None, lacks)
    chunk = _LARGE_CHUNK if gpu.total_gb >= _LARGE_GB else _CHUNK

    def sessions(tokens: int) -> float:
        assert variant.shape is not None  # noqa: S101 - looked at above
        return max(cache, 0) * 1e9 / variant.shape.session_bytes(tokens, chunk)

    contexts = [min(tokens, window) for tokens in CONTEXTS]
    chosen = wanted or next((tokens for tokens in contexts if sessions(tokens) >= _SESSIONS), contexts[-1])
    if not lacks and sessions(chosen) < 1:
        need = variant.shape.session_bytes(chosen, chunk) / 1e9
        lacks = f"leaves {cache:.1f} GB for the KV cache, one text of {chosen:,} tokens needs {need:.1f} GB"
    return Fit(variant, usable, max(cache, 0), chosen, sessions(chosen), lacks)


def variants_of(model: str) -> tuple[Variant, ...]:
    """Those that go by this name: of the model, or the one set of weights; without a name those tai may choose by itself."""
    if not model:
        return tuple(variant for variant in VARIANTS if variant.model not in ONLY_NAMED)
    wanted = model.lower()
    return tuple(
        variant
        for variant in VARIANTS
        if wanted in {variant.repo.lower(), variant.model.lower(), variant.model.lower().rpartition("/")[2]}
    )


def choose(fits: Iterable[Fit]) -> Fit | None:
    """The first model of the table that fits, in the first of its variants that leaves room to work in, if one does."""
    fitting = [each for each in fits if not each.lacks]
    same = [each for each in fitting if each.variant.model == fitting[0].variant.model]
    roomy = [each for each in same if each.context >= _ROOMY and (each.sessions or 0) >= _SESSIONS]
    return next(iter([*roomy, *same]), None)
