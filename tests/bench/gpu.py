"""Speeds of the default model's true shape on this machine's accelerator, with weights that mean nothing: no download is needed.

    make bench-gpu

Starts `vllm serve --load-format dummy` with Gemma 4 26B-A4B's configuration (BF16; in FP8 where only that fits) and asks through tai's
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
from dataclasses import replace
from pathlib import Path

from tai.errors import ModelError
from tai.llm.base import Delta, Question
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tests.bench.llm import question
from tests.vllm.served import ROOT
from tests.vllm.server_process import ServerProcess

_NAME = "gemma-4-26b-a4b-shape"
_BF16_MB, _FP8_MB = 64_000, 32_000  # the least that vLLM's recipes name, see tai/serving/variants.py
_WINDOW = 40_960
_ROUNDS = 3
_ANSWER = 256  # tokens that each session of the speed rows is asked for


def accelerator() -> tuple[str, int]:
    """The largest card's name and its megabytes, by nvidia-smi; '' and 0 where there is none."""
    if not shutil.which("nvidia-smi"):
        return "", 0
    words = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    cards = [line.rpartition(", ") for line in told.stdout.splitlines() if told.returncode == 0]
    return max(
        ((name, int(mb)) for name, _, mb in cards if mb.isdigit()),
        key=lambda card: card[1],
        default=("", 0),
    )


async def once(url: str, asked: Question) -> tuple[float, float, int]:
    """Seconds to the first text, from there to the last, and how many pieces came: vLLM sends one for each token."""
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
    return first - began, last - first, pieces


def sized(name: str, tokens: int, per_line: float) -> Question:
    """A question of about so many tokens of evidence. per_line: tokens of one line."""
    return replace(question(name, int(tokens / per_line)), max_answer_tokens=_ANSWER)


async def first_text(url: str, per_line: float) -> list[str]:
    """Rows of the time to the first text."""
    rows = ["| evidence | cold | cached |", "|---|---|---|"]
    for tokens in (4_000, 16_000, 32_000):
        cold, cached = [], []
        for n in range(_ROUNDS):
            asked = sized(f"host-{os.getpid()}-{tokens}-{n}", tokens, per_line)
            cold.append((await once(url, asked))[0])
            cached.append((await once(url, asked))[0])
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
            began = time.perf_counter()
            said = await asyncio.gather(*(once(url, each) for each in asked))
            rates.append(sum(pieces for _, _, pieces in said) / (time.perf_counter() - began))
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
    card, memory_mb = accelerator()
    if memory_mb < _FP8_MB:
        found = f"{card} has {memory_mb} MB" if card else "nvidia-smi shows none"
        print(f"bench-gpu: not run: it needs an accelerator with {_FP8_MB} MB, and {found}")
        return
    program = os.environ.get("TAI_MODEL_SERVER") or shutil.which("vllm")
    if not program:
        print("bench-gpu: not run: there is no vllm on PATH, and TAI_MODEL_SERVER names none")
        return
    precision = "BF16" if memory_mb >= _BF16_MB else "FP8"
    with tempfile.TemporaryDirectory() as place:
        model = Path(place) / "model"
        # The interpreter beside the program has transformers; tai's has not.
        python = Path(program).resolve().with_name("python")
        made = python if python.exists() else Path(sys.executable)
        subprocess.run([str(made), "-m", "tests.vllm.large_shape", str(model)], check=True, cwd=ROOT)
        words = [program, "serve", str(model), "--served-model-name", _NAME, "--load-format", "dummy"]
        words += ["--max-model-len", str(_WINDOW), "--max-num-seqs", "16", "--enable-prompt-tokens-details"]
        words += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
        words += ["--quantization", "fp8"] if precision == "FP8" else []
        server = ServerProcess(words, Path(place) / "vllm.log", {**os.environ, "HF_HUB_OFFLINE": "1"}, 900)
        try:
            server.start()
            print(f"{card}, {memory_mb} MB; {precision}; load {os.getloadavg()[0]:.1f}\n")
            asyncio.run(measure(server.url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
