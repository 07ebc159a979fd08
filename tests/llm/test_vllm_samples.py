"""Several answers asked for in one request: told apart by their index, and fewer than asked for are no failure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tai.answer import Answer
from tests.llm.asking import QUESTION, ask, refused
from tests.llm.server import ANSWER, Exchange, Script, event, running

THREE = replace(QUESTION, samples=3)
OTHERS = [ANSWER.model_copy(update={"cause": f"cause {n}"}) for n in range(3)]


def choices(*texts: str, ends: tuple[str, ...] = (), piece: int = 40) -> Script:
    """Streams the texts as choices 0, 1, … side by side, as vLLM does. ends: the finish reason of each, `stop` by default."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for start in range(0, max(map(len, texts)), piece):
            for index, text in enumerate(texts):
                if part := text[start : start + piece]:
                    await exchange.chunk(event({"choices": [{"index": index, "delta": {"content": part}}]}))
        for index, _ in enumerate(texts):
            reason = ends[index] if ends else "stop"
            await exchange.chunk(event({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}))
        await exchange.chunk(
            event({"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 240}})
        )
        await exchange.chunk(b"data: [DONE]\n\n")
        await exchange.raw(b"0\r\n\r\n")

    return script


def said(*answers: Answer) -> list[str]:
    return [answer.model_dump_json() for answer in answers]


async def test_all_come_from_one_request_and_the_first_is_shown_as_it_streams() -> None:
    async with running(choices(*said(*OTHERS))) as server:
        heard = await ask(server.url, THREE)
    (request,) = server.asked
    assert request.json["n"] == 3
    assert request.json["temperature"] > 0
    assert request.json["seed"] == 0
    (end,) = heard.said
    assert [end.answer, *end.others] == OTHERS
    assert (end.asked, end.prompt_tokens, end.answer_tokens) == (3, 900, 240)
    assert heard.text() == OTHERS[0].model_dump_json()
    assert {delta.call for delta in heard.deltas} == {1}
    assert end.notes == ()


async def test_a_single_answer_is_asked_for_without_n_and_at_temperature_0() -> None:
    async with running(choices(*said(ANSWER))) as server:
        await ask(server.url)
    assert "n" not in server.asked[0].json
    assert server.asked[0].json["temperature"] == 0


async def test_a_server_that_gives_one_whatever_is_asked_for_is_understood() -> None:
    async with running(lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
        heard = await ask(server.url, THREE)
    assert heard.said[0].answer == ANSWER
    assert heard.said[0].others == ()
    assert any("1 of the 3 answers" in note for note in heard.said[0].notes)


@pytest.mark.parametrize(
    "message", ["n must be 1 when using greedy sampling", "unknown parameter n", "'n' is not supported"]
)
async def test_a_server_that_refuses_n_is_asked_for_one(message: str) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.whole("400 Bad Request", json.dumps({"error": {"message": message}}))

    async with running(refuse, lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
        heard = await ask(server.url, THREE)
    assert [exchange.json.get("n") for exchange in server.asked] == [3, None]
    assert server.asked[1].json["temperature"] == 0
    assert heard.said[0].answer == ANSWER


async def test_a_flawed_sample_is_left_out_and_nothing_is_repaired() -> None:
    texts = ["{ not json", *said(OTHERS[1], OTHERS[2])]
    async with running(choices(*texts)) as server:
        heard = await ask(server.url, THREE)
    assert len(server.asked) == 1
    assert [heard.said[0].answer, *heard.said[0].others] == OTHERS[1:]


async def test_a_sample_in_a_loop_does_not_spoil_the_others() -> None:
    texts = [" " * 4000, *said(OTHERS[1], OTHERS[2])]
    async with running(choices(*texts, ends=("length", "stop", "stop"))) as server:
        heard = await ask(server.url, THREE)
    assert [heard.said[0].answer, *heard.said[0].others] == OTHERS[1:]
    assert len(server.asked) == 1


async def test_when_none_is_usable_one_is_repaired() -> None:
    async with running(
        choices("nothing", "no", "json"), lambda exchange: exchange.say(ANSWER.model_dump_json())
    ) as server:
        heard = await ask(server.url, THREE)
    repair = server.asked[1].json
    assert "n" not in repair
    assert "cannot be used" in repair["messages"][-1]["content"]
    assert heard.said[0].answer == ANSWER
    assert {delta.call for delta in heard.deltas} == {1, 2}


async def test_a_stream_that_breaks_off_leaves_the_samples_that_were_done() -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.open_stream()
        text = OTHERS[1].model_dump_json()
        await exchange.chunk(event({"choices": [{"index": 0, "delta": {"content": "{"}}]}))
        await exchange.chunk(event({"choices": [{"index": 1, "delta": {"content": text}}]}))
        await exchange.chunk(event({"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]}))
        exchange.writer.close()

    async with running(broken) as server:
        heard = await ask(server.url, THREE)
    assert heard.said[0].answer == OTHERS[1]


async def test_choices_that_nobody_asked_for_are_dropped() -> None:
    async with running(choices(*said(ANSWER, *OTHERS))) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert heard.said[0].others == ()


async def test_an_error_in_the_stream_ends_all_of_them() -> None:
    async def failing(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(event({"choices": [{"index": 2, "delta": {"content": "{"}}]}))
        await exchange.chunk(event({"error": {"message": "out of memory"}}))
        await exchange.raw(b"0\r\n\r\n")

    async with running(failing) as server:
        error = await refused(server.url, THREE)
    assert "out of memory" in error.reason
