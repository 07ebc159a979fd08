"""Where evidence may go: URLs, addresses, and names that turn out to be somewhere else."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tai.errors import ModelError
from tai.llm.endpoint import is_near, parse
from tests.llm.asking import ask, refused
from tests.llm.server import ANSWER, running


@pytest.mark.parametrize(
    ("url", "root", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("https://gpu.corp/llm/v1", "https://gpu.corp/llm", "https://gpu.corp/llm/v1"),
        ("http://[fd00::1]:8000/v2", "http://[fd00::1]:8000", "http://[fd00::1]:8000/v2"),
        ("HTTP://LocalHost/v1/chat/completions", "http://LocalHost", "http://LocalHost/v1"),
    ],
)
def test_url_is_read_in_its_usual_forms(url: str, root: str, base: str) -> None:
    endpoint = parse(url)
    assert (endpoint.root, endpoint.base) == (root, base)


@pytest.mark.parametrize("url", ["unix:/run/vllm.sock", "unix:///run/vllm.sock"])
def test_unix_socket_is_read(url: str) -> None:
    endpoint = parse(url)
    assert endpoint.socket == "/run/vllm.sock"
    assert endpoint.name == "unix:/run/vllm.sock"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is not an HTTP address"),
        ("localhost:8000", "Did you mean http://localhost:8000?"),
        ("ftp://127.0.0.1/", "is not an HTTP address"),
        ("http://", "is not an HTTP address"),
        ("http://127.0.0.1:99999", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://127.0.0.1/v1?key=1", "after ? or #"),
        ("unix:run/vllm.sock", "does not name a Unix socket"),
        ("http://a..b", "'a..b' is no name that a host can have"),
        ("http://xn--.local", "is no name"),
        ("http://xn--a.local:8000/v1", "is no name"),
        (f"http://{'x' * 70}", "is no name"),
        ("http://\ufb01.example", "is no name"),
        ("http://a b/v1", "is no name"),
        ("http://127.0.0.1/\x1fx", "characters that no URL can"),
        ("http://127.0.0.1/\udc80", "characters that no URL can"),
    ],
)
def test_bad_url_is_explained(url: str, reason: str) -> None:
    with pytest.raises(ModelError, match="model_url") as caught:
        parse(url)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "host", ["gpu.corp.", "a_b", "my-host", "bücher.example", "xn--bcher-kva.example", "1.2.3"]
)
def test_name_that_a_host_can_have_is_taken(host: str) -> None:
    assert parse(f"http://{host}:8000").host == host


@given(st.text())
@example("0/\x1f")
def test_any_host_is_read_or_refused_and_httpx_can_make_a_request_of_what_is_read(host: str) -> None:
    try:
        base = parse(f"http://{host}:8000").base
    except ModelError:
        return
    httpx.Request("POST", f"{base}/chat/completions")


def test_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ModelError) as caught:
        parse("http://me:hunter2@127.0.0.1/v1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.0.0.1",
        "172.31.0.1",
        "192.168.1.1",
        "fd12::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
    ],
)
def test_own_machine_and_private_networks_are_near(address: str) -> None:
    assert is_near(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.32.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "::",
        "localhost",
        "",
    ],
)
def test_everything_else_is_far(address: str) -> None:
    assert not is_near(address)


@given(st.ip_addresses(v=4))
def test_near_is_never_a_global_address(address: Any) -> None:
    assert not (is_near(str(address)) and address.is_global)


@pytest.mark.parametrize(
    "url", ["http://203.0.113.9/v1", "https://[2001:db8::1]:8000/v1", "http://0.0.0.0:8000"]
)
async def test_far_address_is_refused_with_the_remedy(url: str) -> None:
    error = await refused(url)
    assert "neither on this machine nor in a private network" in error.reason
    assert "nothing was sent" in error.reason
    assert "model_allow = [" in error.reason


@pytest.mark.parametrize("allow", [("203.0.113.9",), ("203.0.113.9:8000",)])
def test_far_address_is_taken_when_it_is_allowed(allow: tuple[str, ...]) -> None:
    assert parse("http://203.0.113.9:8000/v1", allow).listed


@pytest.mark.parametrize("allow", [("203.0.113.9:8001",), ("203.0.113.90",), ("9",), ("",)])
def test_permission_for_one_place_is_none_for_another(allow: tuple[str, ...]) -> None:
    with pytest.raises(ModelError):
        parse("http://203.0.113.9:8000/v1", allow)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Make every name resolve to the first address, the next time to the second, and so on. No DNS server here may be
    asked, so the resolver is the one thing that is not real."""
    left = list(answers)

    async def getaddrinfo(self: object, host: object, port: int | None, **_: object) -> list[Any]:
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port or 0))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


async def test_name_that_resolves_to_this_machine_is_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
        resolving(monkeypatch, "127.0.0.1")
        heard = await ask(server.url.replace("127.0.0.1", "gpu.corp.example"))
    assert heard.said[0].answer == ANSWER


async def test_name_that_resolves_to_a_far_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "203.0.113.9")
    error = await refused("http://gpu.corp.example/v1")
    assert "The model server gpu.corp.example (203.0.113.9) is neither" in error.reason
    assert 'model_allow = ["gpu.corp.example"]' in error.reason


async def test_name_that_changes_its_mind_before_connecting_gets_no_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The second address is this machine, which the rule is told to take for far: what it is connected to decides.
    async with running(lambda exchange: exchange.say("")) as server:
        resolving(monkeypatch, "10.0.0.1", "127.0.0.1")
        monkeypatch.setattr("tai.llm.endpoint.is_near", lambda address: address == "10.0.0.1")
        error = await refused(server.url.replace("127.0.0.1", "gpu.corp.example"), model="m")
    assert "gpu.corp.example (127.0.0.1) is neither" in error.reason
    assert server.asked == []


async def test_private_address_needs_no_permission_to_be_tried() -> None:
    assert not parse("http://10.1.2.3:8000/v1").listed
