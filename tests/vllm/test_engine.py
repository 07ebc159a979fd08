"""tai's engine against a real vLLM: what the wire, the server's cache and its scheduler do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from tai.errors import ModelError
from tai.llm.base import Delta, Message, Question, Said
from tai.llm.vllm import ServedModel, VLLMConfig, VLLMEngine
from tai.model import Ticket
from tests.llm.asking import WORDING, Heard, hear
from tests.vllm.served import MODEL, WINDOW, Served

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(400)]

# A prompt of the length of a small one of tai's.
EVIDENCE = "\n".join(f"E1:{n}| nginx[{n}]: connect() failed (111: Connection refused)" for n in range(1, 120))
QUESTION = Question(
    (Message("system", "You diagnose."), Message("user", f"{EVIDENCE}\nWhat broke?")),
    Ticket(text="nginx answers 502"),
    wording=WORDING,
)
# What the tiny model says is bounded by the schema, not by sense; a loop in it is stopped by tai, as it should be.
ENDLESS = replace(QUESTION, max_answer_tokens=8000)


@pytest.fixture
async def engine(served: Served) -> AsyncIterator[VLLMEngine]:
    made = VLLMEngine(VLLMConfig(served.url, total_s=120))
    yield made
    await made.close()


async def test_model_and_its_window_are_found(engine: VLLMEngine) -> None:
    assert await engine.models() == (ServedModel(MODEL, WINDOW),)


async def test_answer_streams_and_fits_the_schema(engine: VLLMEngine) -> None:
    heard = await hear(engine, QUESTION)
    assert len(heard.deltas) > 10
    assert heard.said[0].prompt_tokens > 1000
    assert heard.said[0].answer_tokens > 10


async def test_prompt_is_counted_as_the_server_counts_it(engine: VLLMEngine) -> None:
    counted = await engine.count_tokens(QUESTION.messages)
    assert counted == (await hear(engine, QUESTION)).said[0].prompt_tokens


async def test_follow_up_is_served_from_the_prefix_cache(engine: VLLMEngine) -> None:
    first = (await hear(engine, QUESTION)).said[0]
    messages = (
        *QUESTION.messages,
        Message("assistant", first.answer.model_dump_json()),
        Message("user", "And the disk?"),
    )
    second = (await hear(engine, replace(QUESTION, messages=messages))).said[0]
    assert second.cached_tokens >= 0.8 * second.prompt_tokens


async def test_cancelled_answer_stops_on_the_server_within_a_second(
    engine: VLLMEngine, served: Served
) -> None:
    async with aclosing(engine.ask(ENDLESS)) as stream:
        assert isinstance(await anext(stream), Delta)
    hung_up = time.monotonic()
    while await asyncio.to_thread(served.metric, "vllm:num_requests_running"):
        assert time.monotonic() - hung_up < 1
        await asyncio.sleep(0.05)


async def test_wrong_model_name_is_explained(served: Served) -> None:
    engine = VLLMEngine(VLLMConfig(served.url, model="gemma-5"))
    with pytest.raises(ModelError, match=rf"has no model 'gemma-5'.*It serves: {MODEL}\."):
        await hear(engine, QUESTION)
    await engine.close()


async def test_prompt_over_the_window_is_explained(engine: VLLMEngine) -> None:
    long = replace(QUESTION, messages=(Message("user", "disk full " * WINDOW),))
    with pytest.raises(ModelError, match=rf"too long for the model.*window is {WINDOW}.*budget"):
        await hear(engine, long)


async def test_eight_questions_at_once_are_all_answered(engine: VLLMEngine) -> None:
    async def one(n: int) -> Heard:
        messages = (*QUESTION.messages[:-1], Message("user", f"{EVIDENCE}\nWhat broke on web-{n}?"))
        return await hear(engine, replace(QUESTION, messages=messages))

    heard = await asyncio.gather(*(one(n) for n in range(8)))
    assert all(isinstance(each.said[0], Said) for each in heard)
