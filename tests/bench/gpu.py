"""Speeds of the default model's true shape on this machine's accelerator, with weights that mean nothing: no download is needed.

    make bench-gpu

Starts `vllm serve --load-format dummy` with Gemma 4 26B-A4B's configuration, in BF16 or FP8, whichever `tai model plan` finds to fit
the card with most room, and asks through tai's
client: time to the first text for evidence of 4k, 16k and 32k tokens, cold and cached, and tokens a second for 1, 4 and 16
sessions. The tokenizer is the small one of the tests; what the model writes is noise, so only lengths and
times count. Without an accelerator with enough memory, or without a vllm, it says so and exits 0.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from tai.errors import ModelError
from tai.llm.base import Delta, Question
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.serving.hardware import Gpu, look
from tai.serving.plan import fit, variants_of
from tests.bench.llm import question
from tests.vllm.served import ROOT
from tests.vllm.server_process import ServerProcess

_NAME = "gemma-4-26b-a4b-shape"
_MODEL = "google/gemma-4-26B-A4B-it"
_WINDOW = 40_960
_ROUNDS = 3
_ANSWER = 256  # tokens that each session of the speed rows is asked for


@dataclass(frozen=True, slots=True)
class Once:
    """One call's times, by the clock of `time.perf_counter`, and how many pieces came: vLLM sends one for each token."""

    began: float
    first: float
    last: float
    pieces: int


def precision(card: Gpu) -> str:
    """The first of the model's precisions that fits the card, '' when none does."""
    found = [fit(variant, card, context=_WINDOW) for variant in variants_of(_MODEL)]
    return next(
        (
            each.variant.precision
            for each in found
            if not each.lacks and each.variant.precision in {"BF16", "FP8"}
        ),
        "",
    )


async def once(url: str, asked: Question) -> Once:
    """Ask once. A second call, for the repair of an answer, is not counted."""
    engine = VLLMEngine(VLLMConfig(url, model=_NAME, first_token_s=300, stall_s=60, total_s=600))
    began, first, last, pieces = time.perf_counter(), 0.0, 0.0, 0
    try:
        async with aclosing(engine.ask(asked)) as stream:
            async for part in stream:
                if isinstance(part, Delta) and part.call == 1:
                    last = time.perf_counter()
                    first, pieces = first or last, pieces + 1
    except ModelError as error:
        # An answer of noise is cut at its limit, which is as good as any other end; one that never began is not.
        if not first:
            raise SystemExit(f"bench-gpu: {error.reason}") from None
    finally:
        await engine.close()
    return Once(began, first, last, pieces)


def sized(name: str, tokens: int, per_line: float) -> Question:
    """A question of about so many tokens of evidence. per_line: tokens of one line."""
    return replace(question(name, int(tokens / per_line)), max_answer_tokens=_ANSWER)


async def first_text(url: str, per_line: float) -> list[str]:
    """Rows of the time to the first text."""
    rows = ["| evidence | cold | cached |", "|---|---|---|"]
    for tokens in (4_000, 16_000, 32_000):
        cold: list[float] = []
        cached: list[float] = []
        for n in range(_ROUNDS):
            asked = sized(f"host-{os.getpid()}-{tokens}-{n}", tokens, per_line)
            for times in (cold, cached):
                said = await once(url, asked)
                times.append(said.first - said.began)
        rows.append(
            f"| {tokens} tokens | {statistics.median(cold):.2f} s | {statistics.median(cached):.2f} s |"
        )
    return rows


async def speeds(url: str, per_line: float) -> list[str]:
    """Rows of tokens a second, each session with 4k tokens of evidence of its own."""
    rows = ["| sessions | cold, tokens/s | cached, tokens/s |", "|---|---|---|"]
    for sessions in (1, 4, 16):
        asked = [sized(f"at-once-{os.getpid()}-{sessions}-{n}", 4_000, per_line) for n in range(sessions)]
        rates = []
        for _ in ("cold", "cached"):
            said = await asyncio.gather(*(once(url, each) for each in asked))
            took = max(each.last for each in said) - min(each.began for each in said)
            rates.append(sum(each.pieces for each in said) / took)
        rows.append(f"| {sessions} | {rates[0]:.0f} | {rates[1]:.0f} |")
    return rows


async def measure(url: str) -> None:
    """Print both tables."""
    engine = VLLMEngine(VLLMConfig(url, model=_NAME))
    lines = 200
    counted = await engine.count_tokens(question("sample", lines).messages)
    await engine.close()
    per_line = (counted or 20 * lines) / lines
    await once(url, sized("warm-up", 4_000, per_line))
    print("\n".join([*(await first_text(url, per_line)), "", *(await speeds(url, per_line))]))


def main() -> None:
    """Find the accelerator and a vllm, serve, measure."""
    machine = look()
    if not machine.gpus:
        print(f"bench-gpu: not run: no accelerator is found ({machine.said})")
        return
    (card,) = machine.best(1).gpus
    form = precision(card)
    if not form:
        print(
            f"bench-gpu: not run: {card.name} has {card.free_gb:.0f} GB free, and no variant of {_MODEL} fits that"
        )
        return
    program = os.environ.get("TAI_MODEL_SERVER") or shutil.which("vllm")
    if not program:
        print("bench-gpu: not run: there is no vllm on PATH, and TAI_MODEL_SERVER names none")
        return
    with tempfile.TemporaryDirectory() as place:
        model = Path(place) / "model"
        # The interpreter beside the program has transformers; tai's has not.
        python = Path(program).resolve().with_name("python")
        made = python if python.exists() else Path(sys.executable)
        subprocess.run([str(made), "-m", "tests.vllm.large_shape", str(model)], check=True, cwd=ROOT)
        words = [program, "serve", str(model), "--served-model-name", _NAME, "--load-format", "dummy"]
        words += ["--max-model-len", str(_WINDOW), "--max-num-seqs", "16", "--enable-prompt-tokens-details"]
        words += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
        words += ["--quantization", "fp8"] if form == "FP8" else []
        one = {
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CUDA_VISIBLE_DEVICES": str(card.number),
            "HF_HUB_OFFLINE": "1",
        }
        server = ServerProcess(words, Path(place) / "vllm.log", {**os.environ, **one}, 900)
        try:
            server.start()
            print(f"{card.name}, {card.total_gb:.0f} GB; {form}; load {os.getloadavg()[0]:.1f}\n")
            asyncio.run(measure(server.url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
