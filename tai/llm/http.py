"""The one place that speaks HTTP to a model server, and the only importer of httpx, which is slow to import: so this
module is imported when a model is first asked.

It knows nothing of models and answers: paths and JSON go in, texts or a `Failure` come out.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Set
from contextlib import AsyncExitStack, aclosing
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx
import httpx_sse

from tai.errors import ModelError
from tai.llm import endpoint as endpoints
from tai.llm import tls
from tai.llm.body import Body
from tai.llm.endpoint import Endpoint, Identity
from tai.llm.failures import Failure, of_page, of_status, plain
from tai.llm.patience import Patience

_ANSWERS = frozenset({"text/event-stream", "application/json"})
_ERROR_BYTES = 64 * 2**10  # of an error page; its first lines say it
# uvicorn, which serves vLLM, closes idle connections after 5 s; staying under it avoids sending into a closing one.
_IDLE_S = 3.0


# What httpx raises, the closer kind first: (kinds, words, whether another try may help). A test proves it complete.
_MEANING: tuple[tuple[tuple[type[Exception], ...], str, bool], ...] = (
    (
        (httpx.ConnectTimeout, httpx.PoolTimeout),
        "The model server at {server} took no connection within {connect_s:g} s (model_connect_s).",
        False,
    ),
    ((httpx.ProxyError,), "The proxy on the way to the model server at {server} refused: {detail}.", False),
    (
        (httpx.ConnectError,),
        "The model server at {server} cannot be reached: {detail}. Is it running, and is model_url right?",
        True,
    ),
    (
        (httpx_sse.SSEError, httpx.DecodingError, httpx.LocalProtocolError),
        "What the model server at {server} sends cannot be read: {detail}.",
        False,
    ),
    (
        (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException, httpx.StreamError, OSError),
        "The connection to the model server at {server} broke: {detail}.",
        True,
    ),
    (
        (httpx.HTTPError, httpx.InvalidURL),
        "The request to the model server at {server} failed: {detail}.",
        False,
    ),
)
_NO_PROXY = (
    "The proxy {proxy} on the way to the model server at {server} cannot be reached: {detail}. It comes from the environment "
    "(HTTP_PROXY, HTTPS_PROXY, ALL_PROXY); NO_PROXY names hosts that are asked without one."
)
# Of the exchange itself: TLS 1.3 lets a server refuse after the handshake, and what it then says, httpx does not translate.
_FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
# What shows that the other side ended a connection that was there.
_ENDS = (
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ConnectionResetError,
    BrokenPipeError,
)


class Link:
    """Connections to one server. One task or many may use it; `close` it at the end.

    Raises ModelError at once when key, certificates or proxy settings cannot be used at all.
    """

    def __init__(
        self, endpoint: Endpoint, *, api_key: str, connect_s: float, identity: Identity | None = None
    ) -> None:
        self._endpoint = endpoint
        self._connect_s = connect_s
        # What compression saves is little, and a bomb is not worth it.
        headers = {"Accept-Encoding": "identity"}
        if api_key:
            headers["Authorization"] = f"Bearer {_fit_for_header(api_key)}"
        self._identity = identity or Identity()
        trust = tls.trust(endpoint, self._identity)
        limits = httpx.Limits(keepalive_expiry=_IDLE_S)
        try:
            self._client = httpx.AsyncClient(
                headers=headers,
                timeout=httpx.Timeout(None, connect=connect_s),  # the other waits are Patience's
                limits=limits,
                verify=trust,
                trust_env=endpoint.listed,
                transport=httpx.AsyncHTTPTransport(uds=endpoint.socket, limits=limits)
                if endpoint.socket
                else None,
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            raise ModelError(
                "The proxy settings in the environment cannot be used (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY): an http:// "
                "or https:// address was expected."
            ) from None

    async def close(self) -> None:
        """Close all connections. Safe to call twice."""
        await self._client.aclose()

    async def events(
        self, url: str, body: Mapping[str, Any], patience: Patience, *, model: str, max_bytes: int
    ) -> AsyncGenerator[str | Failure, None]:
        """POST `body` and yield the data of each Server-Sent Event as it comes; a Failure, if any, comes last.

        A server that answers with one JSON document gives that as the only data. Closing the iterator closes the
        connection, which is how the server learns that nobody listens any more.
        """
        async with AsyncExitStack() as stack:
            failure, response = None, None
            try:
                response = await patience.wait(self._send("POST", url, body))
                stack.push_async_callback(response.aclose)
                failure = await patience.wait(self._refusal(response, model))
                if failure is None:
                    _bound(response, max_bytes, paced=True)
                    data = await stack.enter_async_context(aclosing(_data(response)))
                    while (event := await patience.wait(anext(data, None))) is not None:
                        yield event
            except TimeoutError:
                failure = Failure(patience.reason())
            except _FOREIGN as error:
                failure = self.of_exception(error, answered=response is not None)
            if failure:
                yield failure

    async def fetch(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        *,
        within_s: float,
        max_bytes: int,
        kinds: Set[str] = _ANSWERS,
    ) -> str | Failure:
        """One request with a short answer. within_s: seconds for all of it; kinds: media types that are one. Returns its text."""
        try:
            async with asyncio.timeout(within_s):
                response = await self._send(method, url, body)
                try:
                    if failure := await self._refusal(response, "", kinds):
                        return failure
                    _bound(response, max_bytes)
                    return (await response.aread()).decode("utf-8", "replace")
                finally:
                    await response.aclose()
        except TimeoutError:
            return Failure(
                f"The model server at {self._endpoint.name} did not answer {method} {url} within {within_s:g} s "
                "(model_stall_s)."
            )
        except _FOREIGN as error:
            return self.of_exception(error)

    def of_exception(
        self,
        error: httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | OSError,
        *,
        answered: bool = False,
    ) -> Failure:
        """What a failed exchange means. answered: the server had begun to answer by then."""
        causes = list(_causes(error))
        # An end of the connection is no matter of trust, though in TLS it is an error of TLS.
        broken = [each for each in causes if isinstance(each, ssl.SSLError) and not isinstance(each, _ENDS)]
        proxy = _proxy(self._endpoint) if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else ""
        if broken:
            words, transient = tls.meaning(broken[0], self._identity), False
        elif proxy:
            words, transient = _NO_PROXY, isinstance(error, httpx.ConnectError)
        else:
            words, transient = next(
                (words, transient) for kinds, words, transient in _MEANING if isinstance(error, kinds)
            )
        # The deepest system error says most: "Connection refused" beneath "All connection attempts failed".
        system = next((cause for cause in reversed(causes) if isinstance(cause, OSError)), error)
        detail = getattr(system, "strerror", None) or str(system) or type(error).__name__
        reason = words.format(
            server=self._endpoint.name,
            detail=plain(detail).rstrip("."),
            connect_s=self._connect_s,
            proxy=proxy,
        )
        if not answered and any(isinstance(each, _ENDS) for each in causes):
            reason = f"{reason} {tls.hint(self._endpoint, self._identity)}".strip()
        return Failure(reason, transient=transient)

    async def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> httpx.Response:
        extensions = {} if self._endpoint.listed or self._endpoint.socket else {"trace": self._watch}
        request = self._client.build_request(method, url, json=body, extensions=extensions)
        return await self._client.send(request, stream=True)

    async def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by httpcore around each step; keeps to the rule of `tai.llm.endpoint` before anything is sent."""
        host = self._endpoint.host
        if event == "connection.connect_tcp.started":
            for address in await _addresses(host):
                if not endpoints.is_near(address):
                    raise ModelError(endpoints.far(host, address))
        elif event == "connection.connect_tcp.complete":
            # The name was resolved a second time to connect, and may by now mean something else.
            stream = info["return_value"]
            peer = str(stream.get_extra_info("server_addr")[0])
            if not endpoints.is_near(peer):
                await stream.aclose()
                raise ModelError(endpoints.far(host, peer))

    async def _refusal(
        self, response: httpx.Response, model: str, kinds: Set[str] = _ANSWERS
    ) -> Failure | None:
        """Why this response holds no answer; reads an error's body. None when the body is what was asked for."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = response.headers.get("content-encoding", "identity").lower()
        server = self._endpoint.name
        if encoding != "identity":
            return Failure(
                f"The model server at {server} sent its answer compressed ({plain(encoding)}), which it was asked not to."
            )
        if response.status_code == httpx.codes.OK and kind in kinds:
            return None
        body = await _beginning(response)
        if response.status_code == httpx.codes.OK:
            return of_page(kind, body, server=server)
        return of_status(response.status_code, response.headers, body, server=server, model=model)


def _bound(response: httpx.Response, max_bytes: int, *, paced: bool = False) -> None:
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - of an AsyncClient always
    response.stream = Body(response.stream, max_bytes, paced=paced)


async def _data(response: httpx.Response) -> AsyncGenerator[str, None]:
    response.encoding = "utf-8"  # JSON and Server-Sent Events always are, whatever the header says
    if "text/event-stream" not in response.headers["content-type"].lower():
        yield (await response.aread()).decode("utf-8", "replace")
        return
    async with aclosing(httpx_sse.EventSource(response).aiter_sse()) as events:
        async for event in events:
            if event.data:
                yield event.data


async def _beginning(response: httpx.Response) -> str:
    """An error page's first bytes: as many as are worth reading, or as came before it broke off."""
    _bound(response, _ERROR_BYTES)
    body = b""
    try:
        async for chunk in response.aiter_raw():
            body += chunk
    except (httpx.HTTPError, OSError):
        pass
    return body.decode("utf-8", "replace")


async def _addresses(host: str) -> list[str]:
    """What a name resolves to; nothing when it does not, which connecting will find out and report."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]


def _proxy(endpoint: Endpoint) -> str:
    """The proxy of the environment that the server is asked through, without the password that it may hold; '' for none."""
    proxies = getproxies()
    if not endpoint.listed or endpoint.socket or proxy_bypass(endpoint.host):
        return ""
    found = proxies.get(endpoint.base.partition(":")[0]) or proxies.get("all", "")
    return plain(found.rpartition("@")[2])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, the nearest first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _fit_for_header(api_key: str) -> str:
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise ModelError("The API key holds blanks, line breaks or characters that no HTTP header can carry.")
    return api_key
