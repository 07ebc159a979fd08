"""What a server offers is found out by one small request, and by what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tai.errors import ModelError
from tai.llm.features import Features, read_trial, trial
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import PATIENT, hear
from tests.llm.server import ANSWER, Exchange, Script, event, running

ALL = Features(schema=True, samples=True, seed=True, logprobs=True, usage=True, no_thinking=True)


async def everything(exchange: Exchange) -> None:
    """As vLLM answers it."""
    await exchange.open_stream()
    for piece in ('{"ok"', ":  ", "true}"):
        for index in range(exchange.json["n"]):
            choice = {"index": index, "delta": {"content": piece}, "logprobs": {"content": [{"logprob": -1}]}}
            await exchange.chunk(event({"choices": [choice]}))
    await exchange.finish(usage={"prompt_tokens": 9, "completion_tokens": 6})


def greeting(text: str = "Hello!") -> Script:
    return lambda exchange: exchange.say(text)


def refusing(field: str) -> Script:
    body = json.dumps({"error": {"message": f"unknown parameter: '{field}'"}})
    return lambda exchange: exchange.whole("400 Bad Request", body, content_type="application/json")


async def offered(*scripts: Script) -> tuple[Features, list[Exchange]]:
    async with running(*scripts) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        try:
            return await engine.features(), server.asked
        finally:
            await engine.close()


async def test_server_that_does_it_all_is_asked_once() -> None:
    features, asked = await offered(everything)
    assert features == ALL
    (only,) = asked
    assert only.json["max_tokens"] == 24


async def test_server_that_takes_every_field_and_minds_none_is_found_out() -> None:
    features, _ = await offered(greeting())
    assert features == Features(schema=False, samples=False, seed=True, no_thinking=True)


async def test_fields_that_are_refused_are_left_out_one_by_one() -> None:
    fields = ("response_format", "seed", "n", "logprobs", "stream_options", "chat_template_kwargs")
    features, asked = await offered(*map(refusing, fields), greeting())
    assert features == Features(schema=False)
    assert asked[-1].json.keys() == {"model", "messages", "max_tokens", "temperature", "stream"}


async def test_what_was_refused_is_not_asked_for_again_with_a_question() -> None:
    async with running(
        refusing("seed"), greeting(), lambda exchange: exchange.say(ANSWER.model_dump_json())
    ) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        await engine.features()
        await hear(engine)
        await engine.close()
    assert len(server.asked) == 3
    assert "seed" not in server.asked[-1].json


async def test_refusal_of_the_whole_is_told() -> None:
    with pytest.raises(ModelError, match="refused the API key"):
        await offered(lambda exchange: exchange.whole("401 Unauthorized", "{}"))


@pytest.mark.parametrize(
    ("said", "schema"),
    [('{"ok":', True), ('\n{ "ok" : false }', True), (" \n ", None), ("", None), ('{"hello": 1}', False)],
)
def test_an_object_that_was_cut_counts_and_white_space_says_nothing(said: str, schema: bool | None) -> None:  # noqa: FBT001
    told = [json.dumps({"choices": [{"index": 0, "message": {"content": said}}]}), "[DONE]", "[" * 10**5, "7"]
    assert read_trial(trial("m", ()), told).schema is schema
