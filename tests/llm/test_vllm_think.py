"""Thinking in a call of its own: plain text first, then the answer under the schema, on the same prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.llm.asking import HASTY_S, QUESTION, ask, refused
from tests.llm.server import ANSWER, Exchange, Script, running

TEXT = ANSWER.model_dump_json()
THINKING = replace(QUESTION, thought_tokens=500)
THOUGHTS = "The disk filled first.\nThe failed unit came after it."


async def well(exchange: Exchange) -> None:
    await exchange.say(TEXT, usage={"prompt_tokens": 900, "completion_tokens": 60})


def thinks(text: str, finish: str = "stop", *, field: str = "content") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for start in range(0, len(text), 7):
            await exchange.delta(**{field: text[start : start + 7]})
        await exchange.finish(finish)

    return script


@pytest.mark.parametrize("field", ["content", "reasoning", "reasoning_content"])
async def test_thoughts_come_first_and_the_answer_is_asked_for_on_the_same_prefix(field: str) -> None:
    async with running(thinks(THOUGHTS, field=field), well) as server:
        heard = await ask(server.url, THINKING)
    first, second = (exchange.json for exchange in server.asked)
    assert "response_format" not in first
    assert first["max_tokens"] == 500
    assert "response_format" in second
    assert second["max_tokens"] == 3000
    # The whole first prompt is the beginning of the second, and the question that of both.
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert first["messages"][-1]["content"].startswith(QUESTION.messages[-1].content)
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "user"]
    assert second["messages"][2]["content"] == THOUGHTS
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in (first, second))
    assert heard.text("reasoning") == THOUGHTS
    assert heard.text() == TEXT
    assert heard.said[0].answer == ANSWER
    assert heard.said[0].notes == ()


async def test_without_thinking_one_call_does_it() -> None:
    async with running(well) as server:
        await ask(server.url)
    assert len(server.asked) == 1


async def test_thoughts_that_are_cut_at_their_limit_are_used_as_they_are() -> None:
    async with running(thinks(THOUGHTS, "length"), well) as server:
        heard = await ask(server.url, THINKING)
    assert server.asked[1].json["messages"][2]["content"] == THOUGHTS
    assert heard.said[0].answer == ANSWER


@pytest.mark.parametrize(
    ("text", "why"),
    [("I wonder. " * 200, "repeated itself"), ("", "said nothing"), (" \n" * 9, "said nothing")],
)
async def test_thoughts_that_lead_nowhere_are_left_out_and_the_answer_is_asked_for(
    text: str, why: str
) -> None:
    async with running(thinks(text), well) as server:
        heard = await ask(server.url, THINKING)
    assert [message["role"] for message in server.asked[1].json["messages"]] == ["system", "user"]
    assert heard.said[0].answer == ANSWER
    assert why in heard.said[0].notes[0]


async def test_connection_cut_in_thought_leads_to_the_answer_all_the_same() -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(content="The disk")
        exchange.writer.close()

    async with running(cut, well) as server:
        heard = await ask(server.url, THINKING)
    assert server.asked[1].json["messages"][2]["content"] == "The disk"
    assert heard.said[0].answer == ANSWER


async def test_server_that_says_nothing_is_waited_for_once() -> None:
    async with running(Exchange.gone) as server:
        error = await refused(server.url, THINKING, model="m", first_token_s=HASTY_S)
    assert "(model_first_token_s)" in error.reason
    assert len(server.asked) == 1


async def test_server_without_schemas_gets_it_in_words_after_the_thoughts() -> None:
    async def none(exchange: Exchange) -> None:
        await exchange.whole("400 Bad Request", '{"error": "response_format is not supported"}')

    async with running(thinks(THOUGHTS), none, well) as server:
        heard = await ask(server.url, THINKING)
    thought, _, answered = (exchange.json["messages"] for exchange in server.asked)
    assert "JSON Schema" not in thought[-1]["content"]
    assert "JSON Schema" in answered[-1]["content"]
    assert heard.said[0].answer == ANSWER
