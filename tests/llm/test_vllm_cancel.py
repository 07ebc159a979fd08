"""Who stops listening hangs up: the server sees the connection close, and stops generating."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from tai.llm.base import Delta
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import HASTY_S, PATIENT, QUESTION, hear, refused
from tests.llm.server import ANSWER, Exchange, running


class Watched:
    """A script that begins an answer, goes on or not, and notes when the client has hung up."""

    def __init__(self, begin: Callable[[Exchange], Awaitable[None]]) -> None:
        self.begin = begin
        self.begun = asyncio.Event()
        self.hung_up = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        await self.begin(exchange)
        self.begun.set()
        await exchange.gone()
        self.hung_up.set()


async def nothing(exchange: Exchange) -> None:
    """Not even headers."""


async def headers(exchange: Exchange) -> None:
    await exchange.open_stream()


async def some(exchange: Exchange) -> None:
    await exchange.open_stream()
    await exchange.delta(content="{")


@pytest.mark.parametrize("begin", [nothing, headers, some])
async def test_cancelled_question_is_seen_by_the_server(begin: Callable[[Exchange], Awaitable[None]]) -> None:
    watched = Watched(begin)
    async with running(watched) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        asking = asyncio.create_task(hear(engine))
        await watched.begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await watched.hung_up.wait()
        await engine.close()


async def test_closed_iterator_is_seen_by_the_server() -> None:
    watched = Watched(some)
    async with running(watched) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        async with aclosing(engine.ask(QUESTION)) as stream:
            assert await anext(stream) == Delta("{")
        await watched.hung_up.wait()
        await engine.close()


async def test_stalled_server_is_hung_up_on() -> None:
    watched = Watched(some)
    async with running(watched) as server:
        await refused(server.url, stall_s=HASTY_S)
        await watched.hung_up.wait()


async def test_engine_answers_the_next_question_after_a_cancelled_one() -> None:
    watched = Watched(some)
    async with running(watched, lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        asking = asyncio.create_task(hear(engine))
        await watched.begun.wait()
        asking.cancel()
        await asyncio.wait([asking])
        heard = await hear(engine)
        await engine.close()
    assert heard.said[0].answer == ANSWER


async def test_eight_questions_at_once_get_eight_answers() -> None:
    async with running(lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        heard = await asyncio.gather(*(hear(engine) for _ in range(8)))
        await engine.close()
    assert [one.said[0].answer for one in heard] == [ANSWER] * 8
