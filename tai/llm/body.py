"""A response's body as tai reads it: never longer than it may be, and not more often than an eye can follow. Not what it says.

A fast server sends every token by itself, and to be woken, to read and to take HTTP apart costs more than all that is done with the
token. Where model and tai share a machine, the model lacks the time that tai takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx

# Thirty times a second: text flows for the eye, and a terminal draws no more.
_BETWEEN_READS_S: Final = 1 / 30
# Reads until the first text is there: servers send the role by itself before it.
_AT_ONCE: Final = 4
# Bytes in one piece: no token is as long, and more of it is waiting.
_FLOOD: Final = 2**14

_sleep = asyncio.sleep  # by a name of its own, which a test replaces


class Body(httpx.AsyncByteStream):
    """A body that ends in an error once it is longer than it may be.

    paced: for a stream of tokens. Where something came sooner after the read before than `_BETWEEN_READS_S`, it is held back for the rest of that time, and what
    comes meanwhile is read together. The first reads, and what comes slower, are passed on at once.
    """

    def __init__(self, stream: httpx.AsyncByteStream, max_bytes: int, *, paced: bool = False) -> None:
        self._stream = stream
        self._left = max_bytes
        self._paced = paced

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        chunks = aiter(self._stream)
        read_at = loop.time()
        reads = 0
        while True:
            wait = _Wait(loop)
            chunk = await anext(chunks, None)
            if chunk is None:
                return
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx.DecodingError("it is longer than any answer could be")
            if wait.ended() and self._paced and len(chunk) < _FLOOD:
                reads += 1
                if reads > _AT_ONCE and (early_s := read_at + _BETWEEN_READS_S - loop.time()) > 0:
                    await _sleep(early_s)
                read_at = loop.time()
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Wait:
    """Tells a chunk that was waited for, in the loop, from one that was read with the one before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned = False
        self._handle = loop.call_soon(self._turn)

    def ended(self) -> bool:
        """Whether the loop turned since; ask once."""
        self._handle.cancel()
        return self._turned

    def _turn(self) -> None:
        self._turned = True
