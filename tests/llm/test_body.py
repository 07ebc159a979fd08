"""A body is read at a pace, loses nothing by it, and is never longer than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator

import httpx
import pytest

from tai.llm import body
from tai.llm.body import Body


class _Turn:
    """Awaited, lets the loop turn once, as a wait for the network does."""

    def __await__(self) -> Generator[None]:
        yield


class _Stream(httpx.AsyncByteStream):
    """Chunks in bursts: the loop turns before each burst."""

    def __init__(self, bursts: list[list[bytes]]) -> None:
        self._bursts = bursts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for burst in self._bursts:
            await _Turn()
            for chunk in burst:
                yield chunk


def read(
    bursts: list[list[bytes]], monkeypatch: pytest.MonkeyPatch, *, paced: bool = True
) -> list[bytes | str]:
    """What came, with each pause in its place."""
    told: list[bytes | str] = []

    async def pause(seconds: float) -> None:
        assert 0 < seconds <= body._BETWEEN_READS_S
        told.append("pause")

    async def all_of_it() -> None:
        async for chunk in Body(_Stream(bursts), 1000, paced=paced):
            told.append(chunk)

    monkeypatch.setattr(body, "_sleep", pause)
    asyncio.run(all_of_it())
    return told


def test_the_first_reads_go_through_at_once_and_later_ones_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bursts = [[b"role"], [b"the", b"disk"], [b"is"], [b"full"], [b"and", b"so", b"on"], [b"end"]]
    assert read(bursts, monkeypatch) == [
        *(b"role", b"the", b"disk", b"is", b"full"),
        *("pause", b"and", b"so", b"on"),
        *("pause", b"end"),
    ]  # fmt: skip


def test_what_comes_slowly_is_passed_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_BETWEEN_READS_S", 0)
    assert "pause" not in read([[b"x"]] * 20, monkeypatch)


def test_a_page_is_read_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read([[b"x"]] * 20, monkeypatch, paced=False) == [b"x"] * 20


def test_a_body_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(httpx.DecodingError, match="longer than any answer"):
        read([[b"x" * 40]] * 30, monkeypatch)
