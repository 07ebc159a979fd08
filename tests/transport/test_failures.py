"""Every way in which a host cannot be reached: one error with host, hop, cause and remedy."""

from __future__ import annotations

import asyncio
import getpass
import inspect
import re
import socket
import sys

import pytest

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tai.transport.ssh.failures import CAUSES, FOREIGN, Attempt, explain
from tai.transport.ssh.loader import asyncssh, saslprep
from tai.transport.ssh.resolve import Hop
from tai.transport.ssh.settings import Effective
from tests.sshd import Blackhole, ClientHome, Sshd, SshdFactory, free_port

NOT_OF_A_LOGIN = {
    # They come from what tai never does: listening, file transfer, passwords, terminals, whole processes, making keys.
    "BreakReceived",
    "ChannelListenError",
    "ConfigParseError",
    "GSSError",
    "KeyExportError",
    "KeyGenerationError",
    "PasswordChangeRequired",
    "ProcessError",
    "SignalReceived",
    "SoftEOFReceived",
    "TerminalSizeChanged",
    "TimeoutError",
}


def foreign_classes() -> list[type[Exception]]:
    """Every exception class that any module of asyncssh defines."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "asyncssh"]
    found = {c for module in modules for c in vars(module).values() if inspect.isclass(c)}
    mine = [c for c in found if issubclass(c, Exception) and c.__module__.startswith("asyncssh.")]
    return sorted(mine, key=lambda c: c.__name__)


def attempt() -> Attempt:
    return Attempt("web", Hop("web", Effective("web.example", "ann", 22)), connect_s=10, login_s=15)


@pytest.mark.parametrize("kind", foreign_classes(), ids=lambda kind: kind.__name__)
def test_the_map_covers_every_exception_class_of_asyncssh(kind: type[Exception]) -> None:
    if kind.__name__ in NOT_OF_A_LOGIN or kind.__name__.startswith("SFTP"):
        return
    if kind in (asyncssh.Error, asyncssh.DisconnectError):
        return  # bases; DisconnectError has an entry for codes without a class of their own
    own = [base for base in kind.__mro__ if base.__module__.startswith("asyncssh.")]
    assert any(base in CAUSES for base in own)
    assert issubclass(kind, FOREIGN)


def test_the_names_left_out_exist() -> None:
    assert {c.__name__ for c in foreign_classes()} >= NOT_OF_A_LOGIN


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "cannot be resolved here (Name or service not known)",
        ),
        (ConnectionRefusedError(), "web.example port 22 refused the connection"),
        (ConnectionResetError(), "closed the connection before the SSH greeting"),
        (OSError(101, "Network is unreachable"), "no route to its network"),
        (OSError(113, "No route to host"), "no route to it"),
        (TimeoutError(), "no connection to web.example port 22 within 10 s"),
        (asyncssh.KeyExchangeFailed("none in common"), "no algorithm in common (none in common)"),
        (asyncssh.ProtocolError("odd\x1b[31m packet"), "not proper SSH (odd?[31m packet)"),
        (asyncssh.ProtocolError("Too many authentication failures"), "after too many keys"),
        (asyncssh.DisconnectError(99, "so there"), "closed the connection"),
        (
            saslprep.SASLPrepError("Unassigned code points"),
            "the user name 'ann' cannot be sent (Unassigned code points)",
        ),
        (UnicodeError("label empty"), "cannot be resolved"),
    ],
)
def test_each_cause_has_its_own_words_and_a_remedy(error: Exception, said: str) -> None:
    told = explain(error, attempt())
    assert said in told.cause
    assert told.remedy
    assert told.host == told.hop == "web"


def test_what_is_a_bug_of_ours_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError(), attempt())


async def failure(target: Target, limits: Limits | None = None) -> HostError:
    with pytest.raises(HostError) as caught:
        await connect(target, limits or Limits(), report=lambda _: None)
    return caught.value


async def test_a_name_that_does_not_resolve(client_home: ClientHome) -> None:
    error = await failure(Target("no-such-host.invalid"))
    assert "no-such-host.invalid cannot be resolved here" in error.cause


async def test_a_refused_port(client_home: ClientHome) -> None:
    port = free_port()
    error = await failure(Target("127.0.0.1", port=port))
    assert f"127.0.0.1 port {port} refused the connection" in error.cause
    assert "-p" in error.remedy


@pytest.mark.parametrize("greeting", [b"", b"220 mail.example ESMTP\r\n"])
async def test_a_port_where_nobody_greets_is_left_at_the_login_limit(
    client_home: ClientHome, blackhole: Blackhole, greeting: bytes
) -> None:
    target = Target("127.0.0.1", port=blackhole.listen(greeting))
    error = await failure(target, Limits(login_timeout_s=0.5))
    assert "sent no SSH greeting within 0.5 s" in error.cause


async def test_a_server_that_hangs_in_the_key_exchange(client_home: ClientHome, blackhole: Blackhole) -> None:
    target = Target("127.0.0.1", port=blackhole.listen(b"SSH-2.0-hangs\r\n"))
    error = await failure(target, Limits(login_timeout_s=0.5))
    assert "did not finish exchanging keys within 0.5 s" in error.cause


async def test_a_server_that_hangs_in_the_login(sshd_factory: SshdFactory) -> None:
    """An AuthorizedKeysCommand that never answers, as with a directory server that is down."""
    server = sshd_factory(
        "AuthorizedKeysCommand /usr/bin/sleep 30",
        f"AuthorizedKeysCommandUser {getpass.getuser()}",
        "AuthorizedKeysFile none",
    )
    error = await failure(Target(server.address, server.user, server.port), Limits(login_timeout_s=3))
    assert "did not finish logging in within 3 s" in error.cause


async def test_an_address_that_swallows_packets_is_left_at_the_connect_limit(
    client_home: ClientHome, blackhole: Blackhole
) -> None:
    """A listener with a full queue: Linux then drops further connection requests without a word."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        error = await failure(Target("127.0.0.1", port=port), Limits(connect_timeout_s=0.5))
        for one in filling:
            one.close()
    assert f"no connection to 127.0.0.1 port {port} within 0.5 s" in error.cause


async def test_a_server_that_hangs_up_at_once(client_home: ClientHome) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        error = await failure(Target("127.0.0.1", port=server.sockets[0].getsockname()[1]))
    assert "closed the connection before the SSH greeting" in error.cause
    assert "MaxStartups" in error.remedy


async def test_a_server_with_only_weak_algorithms(sshd_factory: SshdFactory) -> None:
    server = sshd_factory("KexAlgorithms diffie-hellman-group14-sha1")
    error = await failure(Target(server.address, server.user, server.port))
    # Which of the two: whether the server's offer or its hanging up is read first.
    assert re.search("no algorithm in common|closed while exchanging keys", error.cause)
    assert "SHA-1" in error.remedy


async def test_an_account_with_a_forced_command(sshd_factory: SshdFactory) -> None:
    server = sshd_factory("ForceCommand echo only backups here; exit 7")
    error = await failure(Target(server.address, server.user, server.port))
    assert "does not run what it is told; it answered 'only backups here' (exit 7)" in error.cause
    assert "ForceCommand" in error.remedy


async def test_an_account_whose_commands_never_end_is_bounded(
    sshd_factory: SshdFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tai.transport.ssh.probe._PROBE_S", 1.0)
    server = sshd_factory("ForceCommand exec sleep 20")
    error = await failure(Target(server.address, server.user, server.port))
    assert "did not answer within 1 s" in error.cause


async def test_a_host_that_opens_no_session(sshd_factory: SshdFactory) -> None:
    server = sshd_factory("MaxSessions 0")
    error = await failure(Target(server.address, server.user, server.port))
    assert "opens no channel for a command" in error.cause


async def test_cancelling_a_login_leaves_no_connection(sshd: Sshd, client_home: ClientHome) -> None:
    task = asyncio.create_task(
        connect(Target(sshd.address, sshd.user, sshd.port), Limits(), report=lambda _: None)
    )
    while "Connection from" not in sshd.log:  # noqa: ASYNC110 - the server is another process
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    sshd.wait_until_idle()
