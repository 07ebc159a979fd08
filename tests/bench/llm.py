"""What tai's client costs over the bare server, and what a follow-up spares: the real CPU vLLM with the tiny model, or any server.

    make bench-llm                      starts the server of tests.vllm.served
    python -m tests.bench.llm URL       asks a server that is there, `http://…/v1`

curl and tai send the same bytes, one after the other in turns, each over a new connection, to a server that has the prompt in its
prefix cache. curl's clock is its own: its start as a process does not count. Printed, never asserted.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from tai import resources
from tai.engine.prompt import load_templates, wording
from tai.errors import ModelError
from tai.llm.base import Delta, Message, Question, Said
from tai.llm.completions import chunks_of, request_body
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.model import Ticket
from tests.vllm.served import Unavailable, serving

_ROUNDS = 31
_COLD_ROUNDS = 5


@dataclass(frozen=True)
class Took:
    """Seconds to the first text, to the end, and of tai's processor time; tokens as the server counted them."""

    first_s: float
    total_s: float
    prompt: int = 0
    cached: int = 0
    answer: int = 0
    processor_s: float = 0.0


def question(name: str, lines: int = 120) -> Question:
    """A prompt that begins with `name`, so that no other one has its beginning."""
    evidence = "\n".join(f"E1:{n}| nginx[{n}]: connect() failed (111: refused)" for n in range(lines))
    return Question(
        (
            Message("system", f"You diagnose {name}."),
            Message("user", f"{evidence}\nWhat broke on {name}?"),
        ),
        Ticket(text="nginx answers 502"),
        wording=wording(load_templates([resources.folder("prompts")])),
    )


async def by_tai(url: str, model: str, asked: Question) -> tuple[Took, str]:
    """One question by a new engine, and what it said. An answer that cannot be used counts all the same: it was streamed."""
    began, busy = time.perf_counter(), time.process_time()
    engine = VLLMEngine(VLLMConfig(url, model=model, first_token_s=600, stall_s=120, total_s=900))
    first, pieces, said = 0.0, [], None
    try:
        async with aclosing(engine.ask(asked)) as stream:
            async for part in stream:
                match part:
                    case Delta():
                        first = first or time.perf_counter() - began
                        pieces.append(part.text)
                    case Said():
                        said = part
    except ModelError as error:
        if not first:
            raise SystemExit(error.reason) from None
    took, busy = time.perf_counter() - began, time.process_time() - busy
    await engine.close()
    usage = (said.prompt_tokens, said.cached_tokens, said.answer_tokens) if said else (0, 0, 0)
    return Took(first, took, *usage, busy), "".join(pieces)


def by_curl(url: str, body: Path) -> Took:
    """The same bytes by curl."""
    words = ["curl", "-sSN", "--noproxy", "*", "-H", "Content-Type: application/json"]
    words += ["--data-binary", f"@{body}", "-w", "took %{time_total}\n", f"{url}/chat/completions"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        first = 0.0
        for line in run.stdout:
            if line.startswith("took "):
                total = float(line.split()[1])
                began = time.perf_counter() - total
                return Took(first - began, total)
            if not first and line.startswith("data: {"):
                first = time.perf_counter() if any(chunk.text for chunk in chunks_of(line[6:])) else 0.0
    raise SystemExit("curl had no answer; is the server there?")


def overhead(url: str, model: str) -> list[str]:
    """Rows on curl against tai."""
    asked = question("web-01")
    body = request_body(model, asked.messages, max_tokens=asked.max_answer_tokens, constrained=True)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "body.json"
        file.write_text(json.dumps(body))
        asyncio.run(by_tai(url, model, asked))  # fills the cache, and imports httpx
        pairs = []
        for n in range(_ROUNDS):
            if n % 2:
                curl = by_curl(url, file)
                tai, _ = asyncio.run(by_tai(url, model, asked))
            else:
                tai, _ = asyncio.run(by_tai(url, model, asked))
                curl = by_curl(url, file)
            pairs.append((curl, tai))
    first = row("to the first text", [(c.first_s, t.first_s) for c, t in pairs])
    total = row("to the end", [(c.total_s, t.total_s) for c, t in pairs])
    busy, tokens = (
        statistics.median(each) for each in zip(*((t.processor_s, t.answer) for _, t in pairs), strict=True)
    )
    return [
        "| | curl | tai | tai is longer by | of curl's | half of the rounds between |",
        "|---|---|---|---|---|---|",
        first,
        total,
        f"\ntai's own processor time: {1000 * busy:.0f} ms for an answer of {tokens:.0f} tokens",
    ]


def row(name: str, pairs: Sequence[tuple[float, float]]) -> str:
    """Medians; and the median and the quartiles of what tai took longer than the curl beside it, which a machine's moods touch least."""
    bare, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
    low, more, high = statistics.quantiles([tai - curl for curl, tai in pairs], n=4)
    return (
        f"| {name} | {1000 * bare:.0f} ms | {1000 * ours:.0f} ms | {1000 * more:+.1f} ms | {100 * more / bare:+.1f} % "
        f"| {1000 * low:+.0f} and {1000 * high:+.0f} ms |"
    )


async def cold_and_followed(url: str, model: str, lines: int, rounds: int) -> tuple[list[Took], list[Took]]:
    """A question on evidence that the server never saw, and a second one in the same conversation; so many times."""
    cold, followed = [], []
    for n in range(rounds):
        asked = question(f"host-{os.getpid()}-{n}-{lines}", lines)
        took, text = await by_tai(url, model, asked)
        cold.append(took)
        more = (*asked.messages, Message("assistant", text), Message("user", "And the disk?"))
        took, _ = await by_tai(url, model, replace(asked, messages=more))
        followed.append(took)
    return cold, followed


def prefix(url: str, model: str) -> list[str]:
    """Rows on a cold cache against a follow-up."""
    rows = [
        "| prompt | cold, to the first text | follow-up | of its tokens from the cache |",
        "|---|---|---|---|",
    ]
    for lines in (120, 320):
        cold, followed = asyncio.run(cold_and_followed(url, model, lines, _COLD_ROUNDS))
        share = statistics.median(100 * each.cached / max(each.prompt, 1) for each in followed)
        rows.append(
            f"| {cold[0].prompt} tokens | {1000 * statistics.median(each.first_s for each in cold):.0f} ms "
            f"| {1000 * statistics.median(each.first_s for each in followed):.0f} ms | {share:.0f} % |"
        )
    return rows


def measure(url: str) -> None:
    """Print both tables."""

    async def name() -> str:
        engine = VLLMEngine(VLLMConfig(url))
        found = await engine.models()
        await engine.close()
        return found[0].name

    model = asyncio.run(name())
    print(
        f"medians of {_ROUNDS} rounds in turns; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n"
    )
    print("\n".join([*overhead(url, model), "", *prefix(url, model)]))
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure the server named on the command line, or the one of the tests."""
    if sys.argv[1:]:
        measure(sys.argv[1])
        return
    try:
        with tempfile.TemporaryDirectory() as place, serving(Path(place)) as served:
            measure(served.url)
    except Unavailable as reason:
        print(f"bench-llm: {reason}")


if __name__ == "__main__":
    main()
