"""Every way in which an exchange can fail has words, and the words are fit to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import httpx_sse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.errors import ModelError
from tai.llm.endpoint import parse
from tai.llm.failures import of_status, plain, retry_after, server_words
from tai.llm.http import Link
from tests.llm.asking import refused


def kinds(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize(
    "kind",
    sorted(
        {
            OSError,
            ConnectionResetError,
            *kinds(httpx.HTTPError),
            *kinds(httpx.InvalidURL),
            *kinds(httpx.StreamError),
            httpx_sse.SSEError,
        },
        key=str,
    ),
)
async def test_each_error_of_httpx_has_words(kind: type[Exception]) -> None:
    link = Link(parse("http://127.0.0.1:1/v1"), api_key="", connect_s=3)
    error = kind.__new__(kind, "gone")  # their constructors differ; what counts is the kind
    assert isinstance(error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | OSError)
    failure = link.of_exception(error)
    assert "model server at http://127.0.0.1:1/v1" in failure.reason
    await link.close()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("99999999999999999999", None),
        ("Fri, 20 Nov 2026 12:00:30 +99999999999999", None),
        ("Fri, 20 Nov 2026 12:00:30 -99999999999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) == seconds


@given(st.integers(100, 599).filter(lambda status: status != 200), st.text(), st.text())
def test_any_status_and_body_make_a_short_printable_reason(status: int, body: str, after: str) -> None:
    failure = of_status(status, {"retry-after": after, "location": after}, body, server="s", model="m")
    assert failure.reason.isprintable()
    assert len(failure.reason) < 1000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "no such\\nmodel"}}', "no such model"),
        ('{"error": "Unauthorized"}', "Unauthorized"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"message": "slow down"}', "slow down"),
        ('{"detail": [{"msg": "odd"}]}', '[{"msg": "odd"}]'),
        ("<html><head><title>t</title></head><body><h1>502</h1><p>Bad</p></body>", "502 Bad"),
        ("", ""),
        ("[" * 100_000, "[" * 299 + "…"),
    ],
)
def test_words_of_a_server_are_found_in_its_error(body: str, words: str) -> None:
    assert server_words(body) == words


def test_escape_sequences_and_bidi_marks_do_not_reach_a_message() -> None:
    assert plain("a\x1b[2Jb\u202ec\nd\u200be") == "a [2Jb c d e"


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "tab\t"])
def test_key_that_no_header_can_carry_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ModelError) as caught:
        Link(parse("http://127.0.0.1/v1"), api_key=key, connect_s=1)
    assert key not in str(caught.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "gopher://127.0.0.1", "http://127.0.0.1:port"])
def test_unusable_proxy_is_explained(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ModelError, match="The proxy settings in the environment cannot be used"):
        Link(parse("http://models.example/v1", ("models.example",)), api_key="", connect_s=1)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "http://me:hunter2@127.0.0.1:1"])
async def test_dead_proxy_is_named_as_the_proxy(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    error = await refused("http://models.example/v1", model="m", allow=("models.example",))
    assert "The proxy " in error.reason
    assert (
        "127.0.0.1:1 on the way to the model server at http://models.example/v1 cannot be reached"
        in error.reason
    )
    assert "hunter2" not in error.reason
    monkeypatch.setenv("NO_PROXY", "127.0.0.2")
    error = await refused("http://127.0.0.2:1", model="m", allow=("127.0.0.2",))
    assert "proxy" not in error.reason
