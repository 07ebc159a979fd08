"""The estimate of tokens against counts of real tokenizers, and the server's own count."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.llm.base import Message
from tai.llm.tokens import PER_MESSAGE, count, count_messages
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import PATIENT
from tests.llm.server import Exchange, Script, running


# The largest count of Qwen's, Mistral's Tekken and Mistral's SentencePiece tokenizer, November 2026.
@pytest.mark.parametrize(
    ("line", "true"),
    [
        ("Nov 20 14:03:11 web-01 nginx[812]: bind() to 0.0.0.0:443 failed (98: Address already in use)", 50),
        ("/dev/vda1        51475068  49102332         0 100% /var", 34),
        ('tcp   LISTEN 0      511        0.0.0.0:80        0.0.0.0:*    users:(("nginx",pid=812,fd=6))', 49),
        ("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 64),
        ("Die Platte ist voll: größter Verzeichnisbaum unter /srv/daten, Zähler übergelaufen.", 30),
        ("主机磁盘已满，服务无法启动。", 16),
        (
            "[  123.456789] Out of memory: Killed process 4242 (java) total-vm:8388608kB, anon-rss:4194304kB",
            56,
        ),
        ("drwxr-xr-x. 12 root root 4096 Nov 20 13:59 ..", 30),
        ("-" * 80, 6),
        ("cpu0 2784 137 4367 1732802 225 0 221 0 0 0", 40),
    ],
)
def test_estimate_is_above_the_truth_but_not_far(line: str, true: int) -> None:
    assert true <= count(line) <= 1.35 * true


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens_than_either_part(first: str, second: str) -> None:
    # Joining may turn single blanks and marks into runs, which are cheaper: a few tokens.
    assert count(first + second) >= max(count(first), count(second)) - 8
    assert count("") == 0


def test_messages_cost_their_text_and_their_marks() -> None:
    assert (
        count_messages((Message("user", "hello"), Message("assistant", "")))
        == count("hello") + 2 * PER_MESSAGE
    )


def answering(status: str, body: str) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.whole(status, body, content_type="application/json")

    return script


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("200 OK", json.dumps({"count": 123, "max_model_len": 8192, "tokens": [1] * 123}), 123),
        ("404 Not Found", '{"detail":"Not Found"}', None),
        ("200 OK", '{"count": "many"}', None),
        ("200 OK", "[" * 100_000, None),
        ("500 Oops", "", None),
    ],
)
async def test_server_counts_where_it_can(status: str, body: str, expected: int | None) -> None:
    async with running() as server:
        server.counting = answering(status, body)
        engine = VLLMEngine(replace(PATIENT, url=server.url + "/v1"))
        counted = await engine.count_tokens((Message("user", "hi"),))
        await engine.close()
    assert counted == expected
    assert len(server.counted) == 1
    assert server.counted[0].json == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "add_generation_prompt": True,
        "chat_template_kwargs": {"enable_thinking": False},
    }


async def test_unreachable_server_counts_nothing() -> None:
    async with running() as server:
        url = server.url
    engine = VLLMEngine(replace(PATIENT, url=url))
    assert await engine.count_tokens((Message("user", "hi"),)) is None
    await engine.close()
