"""A window that is too small leads to less evidence, not to an error: real engine, real HTTP, a server that counts or not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tai.engine.options import Options
from tai.engine.room import LEAST_BUDGET, Prompt, over, share, smaller
from tai.events import PromptMade
from tai.llm.base import Message, Size
from tai.llm.vllm import VLLMEngine
from tai.model import Attachment
from tests.engine.test_investigate import TICKET, Stage, stage
from tests.llm.asking import PATIENT
from tests.llm.server import ANSWER, Exchange, ModelServer, Script, running

SAID = ANSWER.model_dump_json()
# Of 20,000 tokens or so, every line with a fault of its own, so that a budget is filled.
LOG = "\n".join(
    f"Nov 20 14:{n // 60:02}:{n % 60:02} db-01 app-{n}[{n + 300}]: error: cannot open /var/lib/app-{n}/state-{n * 7}.db: "
    "No space left on device"
    for n in range(400)
)


def real_tokens(exchange: Exchange) -> int:
    """As the servers of these tests count: three characters a token."""
    return sum(len(message["content"]) // 3 + 5 for message in exchange.json["messages"])


def windowed(window: int, *, tells: bool = True) -> Script:
    """Answers what fits its window with answer and all, and refuses the rest as vLLM does. tells: how large it is."""

    async def script(exchange: Exchange) -> None:
        prompt, answer = real_tokens(exchange), exchange.json["max_tokens"]
        if prompt + answer <= window:
            await exchange.say(SAID)
            return
        said = (
            f"This model's maximum context length is {window} tokens. However, you requested {answer} output tokens and your "
            f"prompt contains at least {window - answer + 1} input tokens, for a total of at least {window + 1} tokens."
        )
        body = {"error": {"message": said if tells else "the context length is exceeded", "code": 400}}
        await exchange.whole("400 Bad Request", json.dumps(body), content_type="application/json")

    return script


def counting(window: int) -> Script:
    async def script(exchange: Exchange) -> None:
        told = {"count": real_tokens(exchange), "max_model_len": window}
        await exchange.whole("200 OK", json.dumps(told), content_type="application/json")

    return script


@asynccontextmanager
async def asked(
    tmp_path: Path, *scripts: Callable[[Exchange], Awaitable[None]], **options: int
) -> AsyncIterator[tuple[Stage, ModelServer]]:
    async with running(*scripts) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        run = stage(tmp_path, engine=engine, options=Options(offline=True, **options))  # type: ignore[arg-type]
        try:
            yield run, server
        finally:
            await run.investigation.close()


def prompts(run: Stage) -> list[PromptMade]:
    return [event for event in run.events if isinstance(event, PromptMade)]


async def diagnose(run: Stage) -> None:
    await run.investigation.diagnose(TICKET, [Attachment(label="journalctl", text=LOG)])


async def test_a_server_that_counts_is_asked_once_and_its_count_is_told(tmp_path: Path) -> None:
    async with asked(tmp_path, windowed(32_000)) as (run, server):
        server.counting = counting(32_000)
        await diagnose(run)
    assert (len(server.counted), len(server.asked)) == (1, 1)
    (made,) = prompts(run)
    assert (made.exact, made.tokens, made.budget) == (True, real_tokens(server.asked[0]), 8000)
    assert run.diagnosis.engine == "vllm"


async def test_a_server_that_does_not_count_is_asked_for_it_once_and_the_size_is_estimated(
    tmp_path: Path,
) -> None:
    async with asked(tmp_path, windowed(32_000)) as (run, server):
        await diagnose(run)
        await run.investigation.follow_up("it is not DNS")
    assert (len(server.counted), len(server.asked)) == (1, 2)
    assert [made.exact for made in prompts(run)] == [False, False]


async def test_a_known_window_is_kept_to_before_anything_is_asked(tmp_path: Path) -> None:
    async with asked(tmp_path, windowed(8192), answer_tokens=2000) as (run, server):
        server.counting = counting(8192)
        await diagnose(run)
    assert len(server.asked) == 1, "nothing was refused"
    assert len(server.counted) <= 4
    (made,) = prompts(run)
    assert made.exact
    assert 8192 - 2000 - 1000 < made.tokens <= 8192 - 2000, "little of the window stays unused"
    assert "the model's window of 8,192 tokens takes" in " ".join(run.screen.getvalue().split())
    assert run.diagnosis.engine == "vllm"
    assert run.diagnosis.prompt_sha256 == made.sha256


async def test_a_window_that_is_only_listed_is_kept_to_by_estimate(tmp_path: Path) -> None:
    async with asked(tmp_path, windowed(8192), answer_tokens=2000) as (run, server):
        server.window = 8192
        await diagnose(run)
    assert len(server.asked) == 1
    assert not prompts(run)[0].exact
    assert run.diagnosis.engine == "vllm"


@pytest.mark.parametrize("tells", [True, False])
async def test_a_prompt_that_is_refused_as_too_long_is_made_again_with_less(
    tmp_path: Path, *, tells: bool
) -> None:
    async with asked(tmp_path, windowed(8192, tells=tells), answer_tokens=2000) as (run, server):
        server.window = 0
        await diagnose(run)
    assert 2 <= len(server.asked) <= 4
    assert not run.told("engine_failed")
    assert run.diagnosis.engine == "vllm"
    budgets = [made.budget for made in prompts(run)]
    assert budgets == sorted(budgets, reverse=True)
    assert "too long for the model's window, and is made anew with less evidence" in " ".join(
        run.screen.getvalue().split()
    )


async def test_a_server_that_calls_every_prompt_too_long_is_given_up(tmp_path: Path) -> None:
    async with asked(tmp_path, windowed(10, tells=False)) as (run, server):
        server.window = 0
        await diagnose(run)
    assert len(server.asked) == 4
    assert run.diagnosis.engine == "deterministic"
    assert "too long for the model" in run.diagnosis.degraded


async def test_a_small_window_leaves_two_thirds_for_the_prompt(tmp_path: Path) -> None:
    async with asked(tmp_path, windowed(6000), answer_tokens=3000) as (run, server):
        server.counting = counting(6000)
        await diagnose(run)
    assert server.asked[0].json["max_tokens"] == 2000
    assert "leaves 2,000 tokens for the answer, not 3,000 (model_answer_tokens)" in " ".join(
        run.screen.getvalue().split()
    )
    assert run.diagnosis.engine == "vllm"


async def test_a_conversation_that_outgrows_the_window_begins_anew_and_keeps_the_question(
    tmp_path: Path,
) -> None:
    async with asked(tmp_path, windowed(8192), answer_tokens=1000, budget=4000) as (run, server):
        server.counting = counting(8192)
        await diagnose(run)
        for n in range(3):
            await run.investigation.follow_up(f"question {n}: " + "and what about the replica? " * 200)
        last = run.investigation.session.conversation
    assert not run.told("engine_failed")
    assert "begins anew" in run.screen.getvalue()
    assert all(real_tokens(exchange) + 1000 <= 8192 for exchange in server.asked)
    # A chat template may insist that the two take turns.
    roles = ["system", "user", "assistant"]
    assert [message.role for message in last[:3]] == roles
    assert all(a.role != b.role for a, b in pairwise(last))
    assert "question 2" in server.asked[-1].json["messages"][-1]["content"]
    assert LOG.splitlines()[0][:40] in last[1].content


def made(budget: int, words: int) -> Prompt:
    return Prompt((Message("user", "word " * words),), budget)


def test_what_is_not_known_is_not_too_long() -> None:
    assert over(made(8000, 10**6), Size(), 3000) == 0
    assert over(made(8000, 10), Size(tokens=100, window=200), 101) == 1
    assert share(0, 3000) == 3000
    assert share(3000, 3000) == 1000


@pytest.mark.parametrize("excess", [0, 1, 500, 10**6])
def test_a_smaller_budget_is_smaller_and_never_under_the_least(excess: int) -> None:
    prompt = made(8000, 4000)
    budget = smaller(prompt, Size(tokens=4000, window=3000), bare=300, excess=excess)
    assert LEAST_BUDGET <= budget < 8000
