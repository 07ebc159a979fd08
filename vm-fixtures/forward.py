"""Carries connections from listening sockets that it inherits to addresses that only its own network sees.

    nsenter --net=NAMESPACE python forward.py FD=ADDRESS:PORT...

The sockets were opened in the machine's namespace and stay there, while what this process opens is in NAMESPACE.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


async def _serve(fd: int, address: str, port: int) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(address, port)
            with contextlib.closing(there_writer):
                await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    return await asyncio.start_server(serve, sock=socket.socket(fileno=fd))


async def main(doors: list[str]) -> None:
    """Serve until the process is stopped."""
    servers = []
    for door in doors:
        fd, _, there = door.partition("=")
        address, _, port = there.rpartition(":")
        servers.append(await _serve(int(fd), address, int(port)))
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
