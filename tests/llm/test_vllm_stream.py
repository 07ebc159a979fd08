"""The engine against a real HTTP server that streams well, however oddly it cuts its bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tai.llm.base import Question, Said
from tai.llm.schema import response_format
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import PATIENT, QUESTION, ask, hear
from tests.llm.server import ANSWER, Exchange, event, running

TEXT = ANSWER.model_dump_json()
USAGE = {"prompt_tokens": 900, "completion_tokens": 80, "prompt_tokens_details": {"cached_tokens": 640}}


async def test_answer_and_token_counts_come_through() -> None:
    async with running(lambda exchange: exchange.say(TEXT, usage=USAGE)) as server:
        heard = await ask(server.url)
    assert heard.said == [Said(ANSWER, 900, 640, 80)]
    assert heard.text() == TEXT


async def test_request_asks_for_stream_schema_and_repeatable_output() -> None:
    async with running(lambda exchange: exchange.say(TEXT)) as server:
        await ask(
            server.url, Question(QUESTION.messages, QUESTION.ticket, max_answer_tokens=777), api_key="k-1"
        )
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer k-1"
    assert asked.json == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "You diagnose."},
            {"role": "user", "content": "What broke?"},
        ],
        "max_tokens": 777,
        "temperature": 0,
        "seed": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": False},
        "response_format": response_format(),
    }


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
async def test_events_and_characters_cut_anywhere_are_put_together(size: int, newline: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        stream = b": keep-alive\n\n" + event({"choices": [{"delta": {"content": TEXT}}]})
        stream += event({"choices": [{"delta": {}, "finish_reason": "stop"}]}) + b"data: [DONE]\n\n"
        stream = stream.replace(b"\n", newline)
        await exchange.open_stream()
        for start in range(0, len(stream), size):
            await exchange.chunk(stream[start : start + size])
        await exchange.raw(b"0\r\n\r\n")

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


async def test_each_byte_in_its_own_segment_is_put_together() -> None:
    async def script(exchange: Exchange) -> None:
        body = event({"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]})
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        for byte in head.encode() + body:
            await exchange.raw(bytes([byte]))

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


async def test_character_halved_between_two_deltas_is_put_together() -> None:
    high, low = "\ud83d", "\udd25"  # U+1F525 in UTF-16

    async def script(exchange: Exchange) -> None:
        before, after = TEXT.split("🔥")
        await exchange.open_stream()
        for piece in (before, high, low, after):
            await exchange.chunk(event({"choices": [{"delta": {"content": piece}}]}, ascii_only=True))
        await exchange.finish()

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert all(delta.text.encode() for delta in heard.deltas if delta.text)


async def test_unicode_line_separators_inside_an_event_do_not_end_it() -> None:
    cause = "a\u2028b\u2029c\x85d"
    text = ANSWER.model_copy(update={"cause": cause}).model_dump_json()
    async with running(lambda exchange: exchange.say(text)) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer.cause == cause


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_has_its_own_channel(field: str) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(**{field: "Let me "})
        await exchange.delta(**{field: "see."})
        await exchange.delta(content=TEXT)
        await exchange.finish()

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.text("reasoning") == "Let me see."
    assert heard.text() == TEXT


async def test_missing_usage_and_done_mark_are_no_error() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(event({"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]}))
        await exchange.raw(b"0\r\n\r\n")

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said == [Said(ANSWER)]


async def test_server_that_keeps_the_stream_open_after_the_answer_is_not_waited_for() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(event({"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]}))
        await exchange.gone()

    async with running(script) as server:
        heard = await ask(server.url, stall_s=0.2)
    assert heard.said[0].answer == ANSWER


async def test_connection_cut_after_the_answer_was_done_is_no_error() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(event({"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]}))
        exchange.writer.close()

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


async def test_server_that_cannot_stream_is_understood() -> None:
    whole = {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}], "usage": USAGE}
    async with running(
        lambda exchange: exchange.whole("200 OK", json.dumps(whole), content_type="application/json")
    ) as server:
        heard = await ask(server.url)
    assert heard.said == [Said(ANSWER, 900, 640, 80)]


async def test_unknown_fields_odd_types_and_empty_events_do_no_harm() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        odd_ones: tuple[object, ...] = (
            {"choices": []},
            {"choices": None, "usage": "many"},
            {"choices": [None]},
            {"choices": [{"delta": None, "finish_reason": 7}]},
            {
                "choices": [{"delta": {"content": ["list"], "tool_calls": [{}]}}],
                "usage": {"prompt_tokens": -3},
            },
        )
        for odd in odd_ones:
            await exchange.chunk(event(odd))
        await exchange.chunk(b"event: ping\ndata:\n\nid: 4\n\n")
        await exchange.delta(content=TEXT)
        await exchange.finish(usage={"prompt_tokens": 1e300, "completion_tokens": True})

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said == [Said(ANSWER)]


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
async def test_url_is_taken_with_and_without_its_usual_path(suffix: str) -> None:
    async with running(lambda exchange: exchange.say(TEXT)) as server:
        await ask(server.url + suffix)
    assert server.asked[0].path == "/v1/chat/completions"


async def test_unix_socket_is_spoken_to(tmp_path: Path) -> None:
    async with running(lambda exchange: exchange.say(TEXT), socket_path=str(tmp_path / "m.sock")) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


async def test_follow_up_uses_the_same_connection_and_name() -> None:
    async with running(lambda exchange: exchange.say(TEXT)) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        assert engine.model == ""
        await hear(engine)
        await hear(engine)
        await engine.close()
        await engine.close()
    assert server.connections == 1
    assert engine.model == "tiny"
    assert engine.name == "vllm"
    assert len(server.asked) == 2


async def test_proxy_settings_do_not_redirect_local_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    async with running(lambda exchange: exchange.say(TEXT)) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER


async def test_proxy_is_used_for_a_host_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(lambda exchange: exchange.say(TEXT)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        heard = await ask("http://models.example/v1", model="m", allow=("models.example",))
    assert heard.said[0].answer == ANSWER
    assert proxy.asked[0].path == "http://models.example/v1/chat/completions"
