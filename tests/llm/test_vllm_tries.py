"""When the engine asks again, and when it does not: overload, servers that offer less, loops, flawed answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tai.errors import ModelError
from tai.llm.base import Message, Question
from tai.llm.failures import Failure
from tai.llm.schema import schema_text
from tai.llm.tries import Tries
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import PATIENT, QUESTION, ask, hear, refused
from tests.llm.server import ANSWER, Exchange, Script, event, running

LEAST = {"model", "messages", "max_tokens", "stream"}
TEXT = ANSWER.model_dump_json()


def status(line: str, message: str = "", **headers: str) -> Script:
    """Answers with an HTTP error."""

    async def script(exchange: Exchange) -> None:
        await exchange.whole(line, json.dumps({"error": {"message": message}}), **headers)

    return script


async def well(exchange: Exchange) -> None:
    await exchange.say(TEXT)


@pytest.mark.parametrize(
    "line",
    [
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Oops",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "529 Overloaded",
    ],
)
async def test_overloaded_server_is_asked_up_to_three_times_more(line: str) -> None:
    async with running(*[status(line)] * 3, well) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert len(server.asked) == 4
    assert server.asked[-1].json == server.asked[0].json


async def test_server_that_stays_overloaded_is_not_asked_a_fifth_time() -> None:
    async with running(status("503 Service Unavailable", "Loading model")) as server:
        error = await refused(server.url)
    assert "overloaded or still loading its model (HTTP 503). It said: Loading model" in error.reason
    assert len(server.asked) == 4


def test_wait_before_each_try_is_twice_the_one_before() -> None:
    tries, busy = Tries(0.5), Failure("busy", transient=True)
    assert [tries.wait_s(busy, at_most_s=60) for _ in range(4)] == [0.5, 1, 2, None]


@pytest.mark.parametrize(
    ("failure", "at_most_s", "wait_s"),
    [
        (Failure("", transient=True, wait_s=7), 60, 7),
        (Failure("", transient=True, wait_s=0), 60, 0),
        (Failure("", transient=True, wait_s=11), 60, None),
        (Failure("", transient=True), 0.4, None),
        (Failure(""), 60, None),
    ],
)
def test_wait_is_as_the_server_says_and_no_longer_than_anybody_waits(
    failure: Failure, at_most_s: float, wait_s: float | None
) -> None:
    assert Tries(0.5).wait_s(failure, at_most_s=at_most_s) == wait_s


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
    assert server.asked[-1].json.keys() == LEAST | {"temperature"}


async def test_server_that_refuses_a_field_that_was_not_sent_is_not_asked_for_ever() -> None:
    async with running(status("400 Bad Request", "response_format, stream_options and seed")) as server:
        error = await refused(server.url)
    assert "refused the request (HTTP 400)" in error.reason
    assert len(server.asked) == 2  # the fields that it named were left out, and it names no other


@pytest.mark.parametrize(
    "line", ["400 Bad Request", "422 Unprocessable Entity", "500 Oops", "501 Not Implemented"]
)
async def test_unknown_refusal_is_answered_by_the_least_that_can_be_asked(line: str) -> None:
    async def picky(exchange: Exchange) -> None:
        if exchange.json.keys() > LEAST:
            await status(line, "Bad things happened")(exchange)
        else:
            await well(exchange)

    async with running(picky) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert server.asked[-1].json.keys() == LEAST
    assert len(server.asked) == (5 if line.startswith("500") else 2)


async def test_unknown_refusal_of_the_least_too_ends_there_and_is_held_against_no_field() -> None:
    async with running(status("400 Bad Request", "Bad things happened"), status("400 No"), well) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        with pytest.raises(ModelError, match=r"refused the request \(HTTP 400\)"):
            await hear(engine)
        await hear(engine)
        await engine.close()
    first, least, later = (exchange.json for exchange in server.asked)
    assert least.keys() == LEAST
    assert later == first


@pytest.mark.parametrize("line", ["401 No", "403 No", "404 No", "429 Busy", "503 Loading"])
async def test_refusal_that_is_about_no_field_does_not_lead_to_asking_less(line: str) -> None:
    async with running(status(line, "response_format, seed, n: Bad things happened")) as server:
        await refused(server.url, model="m")
    assert all("response_format" in exchange.json for exchange in server.asked)


@pytest.mark.parametrize(
    ("line", "message", "field"),
    [
        ("400 Bad", "Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
        ("422 Bad", "Extra inputs are not permitted: enable_thinking", "chat_template_kwargs"),
        ("400 Bad", "Only one completion choice is allowed", "n"),
        ("400 Bad", "n is not supported", "n"),
        ("500 Oops", "failed to parse grammar", "response_format"),
        ("501 Not Implemented", "guided decoding is not implemented", "response_format"),
    ],
)
async def test_field_that_is_refused_in_other_words_is_left_out_at_once(
    line: str, message: str, field: str
) -> None:
    async with running(status(line, message), well) as server:
        await ask(server.url, replace(QUESTION, samples=2))
    first, second = (exchange.json for exchange in server.asked)
    assert first.keys() - second.keys() == {field}


async def test_cap_is_sent_by_its_newer_name_where_that_is_wanted() -> None:
    message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    async with running(status("400 Bad Request", message), well) as server:
        await ask(server.url)
    first, second = (exchange.json for exchange in server.asked)
    assert second.keys() == first.keys() - {"max_tokens"} | {"max_completion_tokens"}
    assert second["max_completion_tokens"] == first["max_tokens"]


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        ({"message": "response_format is not supported", "code": 400}, 2),
        ({"message": "overloaded", "code": 503}, 2),
        ({"message": "overloaded", "code": "529"}, 2),
        ({"message": "No such thing", "code": 404}, 1),
        ("Rate limit", 2),  # asked for less, once
    ],
)
async def test_error_in_a_stream_before_the_first_token_is_read_like_one_of_http(
    error: object, asked: int
) -> None:
    async def fail(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(event({"error": error}))
        await exchange.finish()

    async with running(fail, well) as server:
        if asked == 1:
            assert "broke off with an error: No such thing" in (await refused(server.url, model="m")).reason
        else:
            assert (await ask(server.url)).said[0].answer == ANSWER
    assert len(server.asked) == asked


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


async def test_schema_that_is_taken_and_not_minded_is_shown_in_words_from_then_on() -> None:
    async def heedless(exchange: Exchange) -> None:
        assert "response_format" in exchange.json
        shown = schema_text() in exchange.json["messages"][-1]["content"]
        await exchange.say(TEXT if shown else "Looks like the disk is full to me.")

    async with running(heedless) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        assert (await hear(engine)).said[0].answer == ANSWER
        assert (await hear(engine)).said[0].answer == ANSWER
        await engine.close()
    assert len(server.asked) == 3
    assert server.asked[1].json["messages"][-1]["content"].count(schema_text()) == 1


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


LONG = replace(QUESTION, messages=(*QUESTION.messages[:-1], Message("user", "the disk is full " * 1000)))


@pytest.mark.parametrize(("read", "noted"), [(1024, True), (4000, False), (0, False)])
async def test_prompt_that_the_server_cut_without_a_word_is_noted(read: int, *, noted: bool) -> None:
    usage = {"prompt_tokens": read, "completion_tokens": 9}
    async with running(lambda exchange: exchange.say(TEXT, usage=usage)) as server:
        (said,) = (await ask(server.url, LONG)).said
        short = (await ask(server.url)).said[0]
    notes = [note for note in said.notes if "num_ctx" in note]
    assert len(notes) == noted
    assert all(f"read {read:,} tokens of a prompt of about " in note for note in notes)
    assert short.notes == ()


async def test_prompt_that_was_cut_is_named_with_an_answer_that_cannot_be_used() -> None:
    async with running(lambda exchange: exchange.say("Hm?", usage={"prompt_tokens": 1024})) as server:
        error = await refused(server.url, LONG)
    assert "no JSON object in it; the server read 1,024 tokens" in error.reason


async def test_stop_and_logprobs_are_sent_where_they_are_asked_for() -> None:
    async def sure(exchange: Exchange) -> None:
        await exchange.open_stream()
        for piece, logprob in ((TEXT[:9], -0.5), (TEXT[9:], -1.5)):
            told = {"content": [{"token": "x", "logprob": logprob}, {"logprob": None}, 7]}
            choice = {"index": 0, "delta": {"content": piece}, "logprobs": told}
            await exchange.chunk(event({"choices": [choice]}))
        await exchange.finish()

    async with running(sure) as server:
        heard = await ask(server.url, replace(QUESTION, stop=("END",), logprobs=True))
        assert heard.said[0].logprob == -1.0
        await ask(server.url)
    with_them, without = (exchange.json for exchange in server.asked)
    assert (with_them["stop"], with_them["logprobs"]) == (["END"], True)
    assert with_them.keys() - without.keys() == {"stop", "logprobs"}


@pytest.mark.parametrize("field", ["stop", "logprobs"])
async def test_stop_and_logprobs_are_left_out_where_they_are_refused(field: str) -> None:
    async with running(status("400 Bad Request", f"{field} is not supported"), well) as server:
        heard = await ask(server.url, replace(QUESTION, stop=("END",), logprobs=True))
    first, second = (exchange.json for exchange in server.asked)
    assert first.keys() - second.keys() == {field}
    assert heard.said[0].logprob is None
