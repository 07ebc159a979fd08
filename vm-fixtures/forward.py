"""Carries connections from a listening socket that it inherits to an address that only its own network sees.

    ip netns exec NAMESPACE python forward.py FD ADDRESS PORT

The socket was opened in the machine's namespace and stays there, while what this process opens is in NAMESPACE.
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


async def main(fd: int, address: str, port: int) -> None:
    """Serve until the process is stopped."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(address, port)
            with contextlib.closing(there_writer):
                await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    server = await asyncio.start_server(serve, sock=socket.socket(fileno=fd))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
