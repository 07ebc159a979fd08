"""Asks a server that tai started whether it is well. Only loopback or a Unix socket is asked, and nothing is sent but the question."""

from __future__ import annotations

from typing import Final

import httpx

from tai.serving.command import Where

_WAIT_S: Final = 5.0  # a busy server answers this in milliseconds; its engine is another process


async def healthy(where: Where) -> bool:
    """Whether /health says yes within five seconds."""
    transport = httpx.AsyncHTTPTransport(uds=str(where.socket)) if where.socket else None
    root = "http://localhost" if where.socket else where.url.removesuffix("/v1")
    client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=_WAIT_S, verify=False)  # noqa: S501 - plain HTTP
    async with client:
        try:
            return (await client.get(f"{root}/health")).is_success
        except httpx.HTTPError:
            return False
