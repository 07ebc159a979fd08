"""The engine against a real HTTP server that misbehaves: each way ends by itself, with a reason of its own."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from tai.errors import ModelError
from tai.llm.base import Question
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import HASTY_S, PATIENT, QUESTION, ask, hear, refused
from tests.llm.server import ANSWER, Exchange, Script, event, running

TEXT = ANSWER.model_dump_json()
HALF = TEXT[:40]


def half_then(end: Script) -> Script:
    """Half an answer, and then what `end` does."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(content=HALF)
        await end(exchange)

    return script


async def test_server_that_is_not_there_is_named() -> None:
    async with running() as server:
        url = server.url
    error = await refused(url)
    assert "cannot be reached: Connect" in error.reason
    assert url in error.reason


async def test_missing_unix_socket_is_named() -> None:
    error = await refused("unix:/nonexistent/model.sock", model="m")
    assert "unix:/nonexistent/model.sock cannot be reached: No such file" in error.reason


async def test_server_that_takes_no_connection_is_given_up() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filling in (first, second):  # the kernel drops what comes after a full queue, so connecting hangs
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        error = await refused(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_s=HASTY_S)
    assert "took no connection within 0.2 s (model_connect_s)" in error.reason


async def test_server_that_does_not_list_its_models_is_given_up() -> None:
    async with running() as server:
        server.lists = False
        error = await refused(server.url, stall_s=HASTY_S)
    assert "did not answer GET" in error.reason
    assert "/v1/models within 0.2 s (model_stall_s)" in error.reason


async def test_silent_server_is_given_up() -> None:
    async with running(Exchange.gone) as server:
        error = await refused(server.url, model="m", first_token_s=HASTY_S)
    assert "said nothing within 0.2 s (model_first_token_s)" in error.reason
    assert len(server.asked) == 1


async def test_headers_without_end_count_as_no_token() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/ev")
        await exchange.gone()

    async with running(script) as server:
        error = await refused(server.url, first_token_s=HASTY_S)
    assert "(model_first_token_s)" in error.reason


async def test_keep_alives_and_empty_chunks_do_not_pass_for_tokens() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        while not exchange.writer.is_closing():
            await exchange.chunk(b": still here\n\n")
            await exchange.delta(role="assistant", content="")

    async with running(script) as server:
        error = await refused(server.url, first_token_s=HASTY_S)
    assert "(model_first_token_s)" in error.reason
    assert error.said == ""


async def test_stall_in_mid_answer_keeps_what_was_said() -> None:
    async with running(half_then(Exchange.gone)) as server:
        error = await refused(server.url, stall_s=HASTY_S)
    assert "stopped in mid-answer: nothing more came for 0.2 s (model_stall_s)" in error.reason
    assert error.said == HALF
    assert len(server.asked) == 1


async def test_stream_that_never_ends_meets_the_limit_on_the_whole() -> None:
    async def drip(exchange: Exchange) -> None:
        number = 0
        while not exchange.writer.is_closing():
            number += 1
            await exchange.delta(content=f"{number} ")
            # Writing into the kernel's buffer does not wait: without this, the client shares the loop and hears nothing.
            await asyncio.sleep(0.001)

    def whole(exchange: Exchange) -> Awaitable[None]:
        return exchange.say(TEXT)

    async with running(whole, whole, half_then(drip)) as server:
        # The limit is many times what an answer takes here and now, so that on a busy machine, too, it comes in mid-answer.
        await ask(server.url)  # the first one of all pays for imports
        before = asyncio.get_running_loop().time()
        await ask(server.url)
        limit_s = round(max(0.5, 10 * (asyncio.get_running_loop().time() - before)), 1)
        error = await refused(
            server.url,
            Question(QUESTION.messages, QUESTION.ticket, max_answer_tokens=10**7),
            total_s=limit_s,
        )
    assert f"not done within {limit_s:g} s (model_total_s)" in error.reason
    assert error.said.startswith(HALF)


async def test_server_that_ignores_the_token_cap_is_stopped() -> None:
    async def flood(exchange: Exchange) -> None:
        number = 0
        while not exchange.writer.is_closing():
            number += 1
            await exchange.delta(content=f"{number} is a number. ")

    async with running(half_then(flood)) as server:
        error = await refused(server.url, Question(QUESTION.messages, QUESTION.ticket, max_answer_tokens=256))
    assert "past the 256 tokens (model_answer_tokens)" in error.reason
    assert len(error.said) < 256 * 13


async def test_line_without_end_is_stopped_before_it_fills_memory() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(b"data: ")
        while not exchange.writer.is_closing():
            await exchange.chunk(b"x" * 2**18)

    async with running(script) as server:
        error = await refused(server.url)
    assert "longer than any answer could be" in error.reason


async def test_cut_connection_says_so_and_keeps_what_was_said() -> None:
    async def cut(exchange: Exchange) -> None:
        exchange.writer.close()

    async with running(half_then(cut)) as server:
        error = await refused(server.url)
    assert "broke: peer closed connection" in error.reason
    assert error.said == HALF
    assert len(server.asked) == 1


async def test_reset_connection_says_so_and_keeps_what_was_said() -> None:
    async def reset(exchange: Exchange) -> None:
        await exchange.raw(b"")
        exchange.reset()

    async with running(half_then(reset)) as server:
        error = await refused(server.url)
    assert "The connection to the model server" in error.reason
    assert "broke" in error.reason
    assert error.said in {HALF, ""}  # a reset may overtake what was sent before it


async def test_stream_that_ends_early_but_cleanly_is_not_an_answer() -> None:
    async def end(exchange: Exchange) -> None:
        await exchange.raw(b"0\r\n\r\n")

    async with running(half_then(end)) as server:
        error = await refused(server.url)
    assert "ended the stream before the answer was done" in error.reason
    assert error.said == HALF


async def test_error_inside_the_stream_is_quoted() -> None:
    async def fail(exchange: Exchange) -> None:
        await exchange.chunk(event({"error": {"message": "CUDA out of memory\x1b[31m", "code": 500}}))
        await exchange.finish()

    async with running(half_then(fail)) as server:
        error = await refused(server.url)
    assert "broke off with an error: CUDA out of memory [31m" in error.reason
    assert error.said == HALF


async def test_answer_cut_by_the_token_limit_names_the_setting() -> None:
    async with running(half_then(lambda exchange: exchange.finish("length"))) as server:
        error = await refused(server.url)
    assert "cut at 3000 tokens (model_answer_tokens)" in error.reason
    assert error.said == HALF


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b'data: {"choices": [\n\n', "Expecting value"),
        (b"data: hello\n\n", "Expecting value"),
        (b"data: [1, 2]\n\n", "no JSON object with choices"),
        (b"data: " + b"[" * 100_000 + b"\n\n", "nested without end"),
        (b"data: \xff\xfe\n\n", "Expecting value"),
    ],
)
async def test_event_that_is_no_chunk_is_shown(data: bytes, shown: str) -> None:
    async with running(half_then(lambda exchange: exchange.chunk(data))) as server:
        error = await refused(server.url)
    assert "cannot be read" in error.reason
    assert shown in error.reason
    assert error.said == HALF


async def test_bytes_that_are_not_http_are_no_answer() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        exchange.writer.close()

    async with running(script) as server:
        error = await refused(server.url, model="m")
    assert "broke" in error.reason


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        ("401 Unauthorized", {"error": "Unauthorized"}, "refused the API key (HTTP 401); model_key_file"),
        ("403 Forbidden", {"detail": "no"}, "refused the API key (HTTP 403)"),
        (
            "404 Not Found",
            {"error": {"message": "The model `m` does not exist."}},
            "has no model 'm', or model_url names no OpenAI-compatible API (HTTP 404). "
            "It said: The model `m` does not exist. It serves: big, small.",
        ),
        ("422 Unprocessable Entity", {"detail": [{"msg": "odd"}]}, "refused the request (HTTP 422)"),
        ("418 I'm a teapot", {}, "answered HTTP 418"),
    ],
)
async def test_http_error_is_explained(status: str, body: object, reason: str) -> None:
    async with running(
        lambda exchange: exchange.whole(status, json.dumps(body), content_type="application/json")
    ) as server:
        server.models = ["big", "small"]
        error = await refused(server.url, model="m")
    assert reason in error.reason
    assert len(server.asked) == (
        2 if status.startswith("422") else 1
    )  # less is asked for where no field is named


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, your prompt contains at least 9001 input tokens, "
        "which exceeds this limit even without any output tokens.",
        "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens (6001 in the messages, "
        "3000 in the completion).",
        "max_tokens=9001 cannot be greater than max_model_len=8192. Please request fewer output tokens.",
        "The decoder prompt (length 9001) is longer than the maximum model length of 8192.",
        "Prompt contains 9001 tokens and 0 draft tokens, too large for model with 8192 maximum context length",
        "prompt is too long: 9001 tokens > 8192 maximum",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9001 `inputs` tokens and "
        "3000 `max_new_tokens`",
        "Input validation error: `inputs` must have less than 8192 tokens. Given: 9001",
        "The input (9001 tokens) is longer than the model's context length (8192 tokens).",
        "Prompt length (9001) should not exceed max_num_tokens (8192)",
        "The input token count (9001) exceeds the maximum number of tokens allowed (8192).",
    ],
)
async def test_prompt_over_the_window_says_how_long_and_what_to_set(message: str) -> None:
    body = json.dumps({"error": {"message": message, "code": 400}})
    async with running(lambda exchange: exchange.whole("400 Bad Request", body)) as server:
        error = await refused(server.url, model="m")
    assert "9001 tokens or more were asked for, its window is 8192" in error.reason
    assert "(budget)" in error.reason
    assert len(server.asked) == 1


TOO_LONG: list[tuple[str, object]] = [
    (
        "422 Unprocessable Entity",
        {"error": "`inputs` must have less than 4096 tokens. Given: 9000", "error_type": "validation"},
    ),
    (
        "400 Bad Request",
        {"error": {"message": "Please shorten it (4096 is the context length)", "code": "x"}},
    ),
    ("400 Bad Request", {"error": {"message": "Shorten it.", "code": "context_length_exceeded"}}),
    ("400 Bad Request", {"error": {"message": "Shorten it.", "type": "context_length_exceeded"}}),
    (
        "500 Internal Server Error",
        {
            "error": {
                "code": 500,
                "message": "the request exceeds the available context size, try increasing it",
            }
        },
    ),
    (
        "400 Bad Request",
        {
            "error": {
                "message": "too much",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 9000,
                "n_ctx": 4096,
            }
        },
    ),
]


@pytest.mark.parametrize(("line", "body"), TOO_LONG)
@pytest.mark.parametrize("streamed", [True, False])
async def test_prompt_over_the_window_is_known_in_any_form_and_not_asked_again(
    line: str, body: object, *, streamed: bool
) -> None:
    async def script(exchange: Exchange) -> None:
        if streamed:
            await exchange.open_stream()
            await exchange.chunk(event(body))
            await exchange.finish()
        else:
            await exchange.whole(line, json.dumps(body))

    async with running(script) as server:
        error = await refused(server.url, model="m")
    assert error.overflow
    assert "The prompt is too long for the model" in error.reason
    assert len(server.asked) == 1


async def test_window_that_a_refusal_told_counts_from_then_on() -> None:
    body = json.dumps(
        {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000 `inputs` tokens"}
    )
    async with running(lambda exchange: exchange.whole("422 Unprocessable Entity", body)) as server:
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        with pytest.raises(ModelError):
            await hear(engine)
        assert (await engine.size(QUESTION)).window == 4096
        await engine.close()


async def test_error_of_the_server_that_only_mentions_its_context_is_no_overflow() -> None:
    body = json.dumps({"error": {"message": "cannot allocate memory for the context window"}})
    async with running(
        lambda exchange: exchange.whole("500 Oops", body), lambda exchange: exchange.say(TEXT)
    ) as server:
        await ask(server.url)
    assert len(server.asked) == 2


async def test_redirect_is_not_followed() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.whole("307 Temporary Redirect", "", location="https://elsewhere.example/v1")

    async with running(script) as server:
        error = await refused(server.url, model="m")
    assert "points elsewhere (HTTP 307: https://elsewhere.example/v1)" in error.reason


async def test_web_page_is_recognised_as_no_model_server() -> None:
    page = "<html><head><title>x</title><style>b{}</style></head><body><h1>It works!</h1></body></html>"
    async with running(lambda exchange: exchange.whole("200 OK", page, content_type="text/html")) as server:
        error = await refused(server.url, model="m")
    assert "is not an OpenAI-compatible model server: it answered with text/html: It works!" in error.reason


async def test_error_page_without_end_is_read_only_at_its_beginning() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.head("401 Unauthorized", transfer_encoding="chunked")
        while not exchange.writer.is_closing():
            await exchange.chunk(b"no entry " * 1000)

    async with running(script) as server:
        error = await refused(server.url, model="m")
    assert "refused the API key (HTTP 401)" in error.reason
    assert len(error.reason) < 600


async def test_compressed_stream_is_refused_unread() -> None:
    body = gzip.compress(event({"choices": [{"delta": {"content": "0" * 10**7}}]}))

    async def script(exchange: Exchange) -> None:
        await exchange.head(
            content_type="text/event-stream", content_encoding="gzip", content_length=str(len(body))
        )
        await exchange.raw(body)

    async with running(script) as server:
        error = await refused(server.url)
    assert "sent its answer compressed (gzip)" in error.reason
    assert server.asked[0].headers["accept-encoding"] == "identity"


async def test_server_without_models_is_explained() -> None:
    async with running() as server:
        server.models = []
        error = await refused(server.url)
    assert "serves no model; set model" in error.reason


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_answer_that_comes_as_reasoning_is_read(field: str) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(content="", **{field: TEXT})
        await exchange.finish()

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert len(server.asked) == 1


async def test_answer_in_a_reasoning_that_was_cut_is_none() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(reasoning=TEXT)
        await exchange.finish("length")

    async with running(script) as server:
        error = await refused(server.url)
    assert "was cut at" in error.reason


async def test_reasoning_without_an_answer_is_not_an_answer() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta(reasoning="I wonder.")
        await exchange.finish()

    async with running(script) as server:
        error = await refused(server.url)
    assert "there was no text" in error.reason
    assert error.said == "I wonder."


@pytest.mark.parametrize(
    ("status", "reason", "asked"),
    [
        ("502 Bad Gateway", "is in trouble (HTTP 502). It said: 502 Bad Gateway nginx", 4),
        ("400 Bad Request", "refused the request (HTTP 400). It said: 502 Bad Gateway nginx", 2),
    ],
)
async def test_web_page_with_an_error_status_is_quoted_without_its_tags(
    status: str, reason: str, asked: int
) -> None:
    page = "<html><head><title>no</title></head><body><center><h1>502 Bad Gateway</h1></center>nginx</body></html>"
    async with running(lambda exchange: exchange.whole(status, page, content_type="text/html")) as server:
        error = await refused(server.url, model="m")
    assert reason in error.reason
    assert "<" not in error.reason
    assert len(server.asked) == asked


async def test_cut_in_the_middle_of_a_chunk_keeps_what_was_said() -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.raw(b'1000\r\ndata: {"choices": [{"index": 0, "delta": {"content": "ne')
        exchange.writer.close()

    async with running(half_then(cut)) as server:
        error = await refused(server.url)
    assert "broke" in error.reason
    assert error.said == HALF
    assert len(server.asked) == 1


async def test_bytes_that_are_no_utf8_inside_an_answer_become_marks() -> None:
    whole = event({"choices": [{"index": 0, "delta": {"content": TEXT}}]})

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.chunk(whole.replace(b"The disk is full", b"The disk \xff\xc3 full"))
        await exchange.finish()

    async with running(script) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer.observations[0].text.startswith("The disk \ufffd\ufffd full")
