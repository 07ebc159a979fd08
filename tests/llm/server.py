"""A model server whose every byte the test decides: real HTTP/1.1 over loopback TCP or a Unix socket, written by hand.

Not a web framework, which would put bytes, chunks and endings in order that a test wants out of order.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tai.answer import Answer, SaidClaim, SaidQuote

ANSWER = Answer(
    observations=(
        SaidClaim(
            text="The disk is full – “voll” 💾.",
            quotes=(SaidQuote(evidence="E1", line=2, text="/dev/vda1 100% /"),),
        ),
    ),
    outcome="root_cause",
    cause="Die Platte läuft über: 主机磁盘已满 🔥",
)


@dataclass
class Exchange:
    """One request, and the way to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: str = "200 OK", **headers: str) -> None:
        """Status line and headers; `content_type` becomes Content-Type."""
        lines = [f"HTTP/1.1 {status}"] + [
            f"{name.replace('_', '-')}: {value}" for name, value in headers.items()
        ]
        await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def whole(self, status: str, text: str, **headers: str) -> None:
        """A complete answer that is not a stream."""
        body = text.encode()
        await self.head(status, content_length=str(len(body)), **headers)
        await self.raw(body)

    async def open_stream(self, content_type: str = "text/event-stream; charset=utf-8") -> None:
        await self.head(transfer_encoding="chunked", content_type=content_type)

    async def chunk(self, data: bytes) -> None:
        """One HTTP chunk, whatever it cuts through."""
        await self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def delta(self, **delta: Any) -> None:
        await self.chunk(event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))

    async def finish(self, reason: str = "stop", usage: dict[str, Any] | None = None) -> None:
        """What a good server ends with."""
        await self.chunk(event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        if usage is not None:
            await self.chunk(event({"choices": [], "usage": usage}))
        await self.chunk(b"data: [DONE]\n\n")
        await self.raw(b"0\r\n\r\n")

    async def say(self, text: str, *, piece: int = 7, usage: dict[str, Any] | None = None) -> None:
        """A whole good stream with `text` in pieces of so many characters."""
        await self.open_stream()
        await self.delta(role="assistant", content="")
        for start in range(0, len(text), piece):
            await self.delta(content=text[start : start + piece])
        await self.finish(usage=usage)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Return when the client has closed its end."""
        try:
            while await self.reader.read(4096):
                pass
        except ConnectionError:
            pass


Script = Callable[[Exchange], Awaitable[None]]


def event(value: object, *, ascii_only: bool = False) -> bytes:
    """A Server-Sent Event with JSON in it."""
    return f"data: {json.dumps(value, ensure_ascii=ascii_only)}\n\n".encode()


@dataclass
class ModelServer:
    """Answers the n-th POST by the n-th script, later ones by the last; GET /v1/models by `models`, or never.

    window: of each model, 0 for one that is not told; listing: the page of models as it is, where it shall be another; counting: answers /tokenize, which is not there without it.
    """

    scripts: list[Script] = field(default_factory=list)
    models: list[str] = field(default_factory=lambda: ["tiny"])
    lists: bool = True
    listing: str = ""
    window: int = 8192
    counting: Script | None = None
    counted: list[Exchange] = field(default_factory=list)
    url: str = ""
    asked: list[Exchange] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while exchange := await _request(reader, writer):
                await self._answer(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client may leave at any moment
        finally:
            writer.close()

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.method == "GET" and not self.lists:
            await exchange.gone()
            return
        if exchange.method == "GET":
            window = {"max_model_len": self.window} if self.window else {}
            listed = {"object": "list", "data": [{"id": name, **window} for name in self.models]}
            await exchange.whole(
                "200 OK", self.listing or json.dumps(listed), content_type="application/json"
            )
            return
        if exchange.path == "/tokenize":
            self.counted.append(exchange)
            if self.counting is None:
                await exchange.whole(
                    "404 Not Found", '{"detail":"Not Found"}', content_type="application/json"
                )
            else:
                await self.counting(exchange)
            return
        self.asked.append(exchange)
        script = self.scripts[min(len(self.asked), len(self.scripts)) - 1]
        await script(exchange)


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Exchange(method, path, headers, body, reader, writer)


@asynccontextmanager
async def running(
    *scripts: Script, socket_path: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[ModelServer]:
    """A server on a free loopback port, with TLS or without, or on a Unix socket; leaves no connection behind."""
    server = ModelServer(list(scripts))
    serving: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving[asyncio.current_task()] = writer
        await server.serve(reader, writer)

    if socket_path:
        listener = await asyncio.start_unix_server(serve, socket_path)
        server.url = f"unix:{socket_path}"
    else:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.gather(*(task for task in serving if task))
        await listener.wait_closed()
