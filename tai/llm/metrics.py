"""What a vLLM tells of itself at /metrics: queue, cache, speeds. Prometheus's text form, read as far as it is needed here.

Not a general reader: names with a sum over all their labels, no timestamps, no types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?:[^"}]|"(?:\\.|[^"\\])*")*\})?[ \t]+(?P<value>\S+)')


@dataclass(frozen=True, slots=True)
class Load:
    """None where the server does not say. Averages are those since its start.

    running, waiting: requests; cache_used: share of the KV cache in use; cache_hits: share of prompt tokens found in the prefix
    cache; first_token_s: mean time to the first token; tokens_s: tokens a second of one session.
    """

    running: int | None = None
    waiting: int | None = None
    cache_used: float | None = None
    cache_hits: float | None = None
    first_token_s: float | None = None
    tokens_s: float | None = None


def read_load(text: str) -> Load:
    """From the body of /metrics; a text that is none gives a Load that says nothing."""
    sums = _sums(text)
    between = _mean(sums, "vllm:inter_token_latency_seconds") or _mean(
        sums,
        "vllm:time_per_output_token_seconds",  # its name before 0.11
    )
    return Load(
        running=_count(sums, "vllm:num_requests_running"),
        waiting=_count(sums, "vllm:num_requests_waiting"),
        cache_used=sums.get("vllm:kv_cache_usage_perc", sums.get("vllm:gpu_cache_usage_perc")),
        cache_hits=_share(sums, "vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"),
        first_token_s=_mean(sums, "vllm:time_to_first_token_seconds"),
        tokens_s=1 / between if between else None,
    )


def _sums(text: str) -> dict[str, float]:
    """Each name's values added up over its labels: over several engines, that is."""
    sums: dict[str, float] = {}
    for line in text.splitlines():
        if found := _SAMPLE.match(line):
            try:
                value = float(found["value"])
            except ValueError:
                continue
            if math.isfinite(value):
                sums[found["name"]] = sums.get(found["name"], 0.0) + value
    return sums


def _count(sums: Mapping[str, float], name: str) -> int | None:
    return int(sums[name]) if name in sums else None


def _mean(sums: Mapping[str, float], name: str) -> float | None:
    return _share(sums, f"{name}_sum", f"{name}_count")


def _share(sums: Mapping[str, float], part: str, whole: str) -> float | None:
    return sums[part] / sums[whole] if sums.get(whole) and part in sums else None
