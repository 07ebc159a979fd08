"""When the engine asks again, and when it does not: overload, servers that offer less, loops, flawed answers."""

from __future__ import annotations

import json

import pytest

from tai.llm.base import Question
from tai.llm.schema import schema_text
from tests.llm.asking import QUESTION, ask, refused
from tests.llm.server import ANSWER, Exchange, Script, running

TEXT = ANSWER.model_dump_json()


def status(line: str, message: str = "", **headers: str) -> Script:
    """Answers with an HTTP error."""

    async def script(exchange: Exchange) -> None:
        await exchange.whole(line, json.dumps({"error": {"message": message}}), **headers)

    return script


async def well(exchange: Exchange) -> None:
    await exchange.say(TEXT)


@pytest.mark.parametrize(
    "line", ["429 Too Many Requests", "500 Oops", "502 Bad Gateway", "503 Service Unavailable"]
)
async def test_overloaded_server_is_asked_a_second_time(line: str) -> None:
    async with running(status(line), well) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert len(server.asked) == 2


async def test_server_that_stays_overloaded_is_not_asked_a_third_time() -> None:
    async with running(status("503 Service Unavailable", "queue is full")) as server:
        error = await refused(server.url)
    assert "overloaded or still loading its model (HTTP 503). It said: queue is full" in error.reason
    assert len(server.asked) == 2


async def test_retry_after_within_reason_is_honoured() -> None:
    async with running(status("503 Service Unavailable", retry_after="0"), well) as server:
        heard = await ask(server.url, backoff_s=60)
    assert heard.said[0].answer == ANSWER


async def test_retry_after_beyond_reason_is_told_instead_of_waited_for() -> None:
    async with running(status("429 Too Many Requests", retry_after="3600"), well) as server:
        error = await refused(server.url)
    assert "is busy (HTTP 429). It asks to come back in 3600 s." in error.reason
    assert len(server.asked) == 1


async def test_connection_lost_before_the_first_token_is_tried_again() -> None:
    async def lost(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(role="assistant", content="")
        exchange.writer.close()

    async with running(lost, well) as server:
        heard = await ask(server.url)
    assert heard.text() == TEXT


async def test_connection_lost_after_the_first_token_is_not_tried_again() -> None:
    async def lost(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(content="{")
        exchange.writer.close()

    async with running(lost, well) as server:
        error = await refused(server.url)
    assert error.said == "{"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "message",
    [
        "response_format is not supported",
        "Failed to transform json schema into a grammar: Unsupported type",
        "body.response_format: extra fields not permitted",
    ],
)
async def test_server_without_schemas_is_asked_in_words(message: str) -> None:
    async with running(status("400 Bad Request", message), well) as server:
        heard = await ask(server.url)
    first, second = (exchange.json for exchange in server.asked)
    assert "response_format" in first
    assert "response_format" not in second
    assert schema_text() in second["messages"][-1]["content"]
    # What stands before is unchanged, so that a prefix cache still serves it.
    assert second["messages"][-1]["content"].startswith(first["messages"][-1]["content"])
    assert any("does not enforce a JSON schema" in note for note in heard.said[0].notes)


async def test_server_that_refuses_one_field_after_another_is_asked_less_each_time() -> None:
    async with running(
        status("422 Unprocessable Entity", "unknown field stream_options"),
        status("400 Bad Request", "seed: not allowed"),
        status("400 Bad Request", "json_schema: not supported"),
        status("400 Bad Request", "chat_template is not supported for Mistral tokenizers."),
        well,
    ) as server:
        await ask(server.url)
    assert server.asked[-1].json.keys() == {"model", "messages", "max_tokens", "temperature", "stream"}


async def test_server_that_refuses_a_field_that_was_not_sent_is_not_asked_for_ever() -> None:
    async with running(status("400 Bad Request", "response_format, stream_options and seed")) as server:
        error = await refused(server.url)
    assert "refused the request (HTTP 400)" in error.reason
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("loop", "shown"),
    [
        ('{"cause":"x", ' + "\n " * 5000, "characters of white space on end"),
        ('{"observations":[' + '{"text":"It is broken.","quotes":[]},' * 500, "repeated itself without end"),
    ],
)
async def test_loop_under_a_schema_is_stopped_and_asked_again_without_one(loop: str, shown: str) -> None:
    async with running(lambda exchange: exchange.say(loop), well) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert any(shown in note for note in heard.said[0].notes)
    assert "response_format" not in server.asked[1].json


async def test_loop_without_a_schema_ends_in_an_error() -> None:
    async with running(lambda exchange: exchange.say("no " * 5000)) as server:
        error = await refused(server.url)
    assert "The model repeated itself without end" in error.reason
    assert error.said.startswith("no no")
    assert len(error.said) < 3000
    assert len(server.asked) == 2


async def test_loop_in_the_reasoning_is_stopped_too() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        while not exchange.writer.is_closing():
            await exchange.delta(reasoning="But wait, let me check the disk again. ")

    async with running(script, well) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


@pytest.mark.parametrize(
    ("flawed", "flaw"),
    [
        ("The disk is full.", "there was no JSON object in it"),
        (TEXT[:-5], "it was not valid JSON"),
        ('{"outcome":"broken","cause":"x"}', "it did not fit the schema: outcome: Input should be"),
        ('{"cause":"x"}', "outcome: Field required"),
        (
            json.dumps({"outcome": "healthy", "cause": "x", "missing": ["y"] * 9}),
            "missing: Tuple should have at most 8 items",
        ),
    ],
)
async def test_flawed_answer_is_repaired_once_with_the_flaw_shown(flawed: str, flaw: str) -> None:
    async with running(lambda exchange: exchange.say(flawed), well) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert any(flaw in note for note in heard.said[0].notes)
    *before, said, request = server.asked[1].json["messages"]
    assert before == server.asked[0].json["messages"]
    assert said == {"role": "assistant", "content": flawed}
    assert flaw in request["content"]


async def test_flawed_repair_ends_in_an_error_that_keeps_the_text() -> None:
    async with running(lambda exchange: exchange.say("The disk is full.")) as server:
        error = await refused(server.url)
    assert "cannot be used, nor its repair: there was no JSON object" in error.reason
    assert error.said == "The disk is full."
    assert len(server.asked) == 2


async def test_fenced_answer_needs_no_repair() -> None:
    async with running(lambda exchange: exchange.say(f"Here it is:\n```json\n{TEXT}\n```\n")) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert heard.said[0].notes == ()


async def test_answer_cut_at_the_cap_is_not_repaired() -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(content=TEXT[:30])
        await exchange.finish("length")

    async with running(cut, well) as server:
        error = await refused(server.url, Question(QUESTION.messages, QUESTION.ticket, max_answer_tokens=300))
    assert "cut at 300 tokens" in error.reason
    assert len(server.asked) == 1
