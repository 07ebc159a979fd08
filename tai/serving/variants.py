"""The models that tai can plan for: their shapes and what each variant needs. Data, and the arithmetic of one shape.

Not a list of what may be served: any folder or repository that vLLM loads will do, see `tai.serving.folder`.
Memory is the least that vLLM's own recipes name (0.33.0): weights and working memory, without a KV cache. Shapes are those of
google-deepmind/gemma (gemma/gm/nn/gemma4); it has no 12B, so that one's cache is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Precision = Literal["BF16", "FP8", "NVFP4", "4-bit", "as stored"]

DEFAULT: Final = "google/gemma-4-26B-A4B-it"
GEMMA_WINDOW: Final = 131_072
_VALUES: Final = 2  # keys and values; both are cached even where one projection makes them
_HALF: Final = 2  # bytes of a cached number, BF16


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model decides the size of its KV cache. Layers that share another layer's cache are not counted.

    full, sliding: layers that look at the whole text, and at the last `window` tokens only; heads: KV heads of each; width:
    numbers in one head.
    """

    full: int
    full_heads: int
    full_width: int
    sliding: int = 0
    sliding_heads: int = 0
    sliding_width: int = 0
    window: int = 0

    @property
    def full_bytes(self) -> int:
        """Bytes that each token of a text takes for as long as the text is there."""
        return self.full * self.full_heads * self.full_width * _VALUES * _HALF

    @property
    def sliding_bytes(self) -> int:
        """Bytes of each token within the sliding window."""
        return self.sliding * self.sliding_heads * self.sliding_width * _VALUES * _HALF

    def session_bytes(self, tokens: int, chunk: int) -> int:
        """The cache of one text of `tokens`, at its largest: while its last `chunk` of tokens is read."""
        return tokens * self.full_bytes + min(tokens, self.window + chunk) * self.sliding_bytes


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of weights. repo: where it is; model: the model that it is a variant of; least_gb: see the module's docstring.

    blackwell: only NVIDIA's Blackwell computes in this precision.
    """

    model: str
    repo: str
    precision: Precision
    least_gb: float
    shape: Shape | None
    window: int = GEMMA_WINDOW
    gemma4: bool = True
    text_only: bool = True
    blackwell: bool = False


_26B = Shape(
    full=5, full_heads=2, full_width=512, sliding=25, sliding_heads=8, sliding_width=256, window=1024
)
_31B = Shape(
    full=10, full_heads=4, full_width=512, sliding=50, sliding_heads=16, sliding_width=256, window=1024
)
# 42 layers of which 18 share a cache: of the 24 that have one, every sixth is full.
_E4B = Shape(full=4, full_heads=2, full_width=512, sliding=20, sliding_heads=2, sliding_width=256, window=512)
# 35 layers of which 20 share a cache: of the 15 that have one, every fifth is full.
_E2B = Shape(full=3, full_heads=1, full_width=512, sliding=12, sliding_heads=1, sliding_width=256, window=512)


def _gemma(size: str, shape: Shape | None, bf16: float, four_bit: float) -> tuple[Variant, Variant]:
    model = f"google/gemma-4-{size}-it"
    return (
        Variant(model, model, "BF16", bf16, shape),
        Variant(model, f"{model}-qat-w4a16-ct", "4-bit", four_bit, shape),
    )


# In the order in which they are tried.
VARIANTS: Final = (
    Variant(DEFAULT, DEFAULT, "BF16", 64, _26B),
    Variant(DEFAULT, "RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic", "FP8", 32, _26B),
    Variant(DEFAULT, "RedHatAI/gemma-4-26B-A4B-it-NVFP4", "NVFP4", 16, _26B, blackwell=True),
    *_gemma("12B", None, 29, 8),
    *_gemma("E4B", _E4B, 20, 5),
    *_gemma("E2B", _E2B, 13, 4),
    *_gemma("31B", _31B, 75, 19),
)
# Larger and slower than the default, so only where it is asked for.
ONLY_NAMED: Final = frozenset({"google/gemma-4-31B-it"})
