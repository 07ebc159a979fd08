"""What the hosts of one run share: jump connections, the passphrase, politeness towards one server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh import make_dialer
from tai.transport.ssh.dialer import Dialer
from tests.sshd import Blackhole, ClientHome, SshdFactory, free_port
from tests.transport.conftest import shell


def configure(home: ClientHome, text: str) -> None:
    home.configure(text + "Host *\n HostName 127.0.0.1\n")


def _dialer() -> Dialer:
    return make_dialer(Limits(retry_s=0.0))


async def test_hosts_behind_one_bastion_share_its_connection(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    bastion, one, two = sshd_factory(), sshd_factory(), sshd_factory()
    configure(
        client_home,
        f"Host bastion\n Port {bastion.port}\nHost one\n Port {one.port}\n ProxyJump bastion\n"
        f"Host two\n Port {two.port}\n ProxyJump bastion\n",
    )
    dialer, reported = _dialer(), list[str]()
    first, second = await asyncio.gather(
        dialer.connect(Target("one"), reported.append), dialer.connect(Target("two"), reported.append)
    )
    assert (bastion.logins, one.logins, two.logins) == (1, 1, 1)
    await first.close()
    assert (await shell(second, "echo still here")).stdout == b"still here\n"
    await second.close()
    bastion.wait_until_idle()


async def test_a_bastion_that_is_a_host_as_well_is_logged_in_to_once(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    bastion, inner = sshd_factory(), sshd_factory()
    configure(
        client_home,
        f"Host bastion\n Port {bastion.port}\nHost inner\n Port {inner.port}\n ProxyJump bastion\n",
    )
    dialer = _dialer()
    hosts = [await dialer.connect(Target(name), lambda _: None) for name in ("bastion", "inner")]
    assert bastion.logins == 1
    for host in hosts:
        await host.close()
    bastion.wait_until_idle()


async def test_a_bastion_that_fails_is_told_for_each_host_by_its_own_name(client_home: ClientHome) -> None:
    jump = f"127.0.0.1:{free_port()}"
    dialer = _dialer()
    errors = await asyncio.gather(
        *(dialer.connect(Target(name, jump=jump), lambda _: None) for name in ("one", "two")),
        return_exceptions=True,
    )
    assert [(error.host, error.hop) for error in errors if isinstance(error, HostError)] == [
        ("one", "127.0.0.1"),
        ("two", "127.0.0.1"),
    ]


async def test_one_host_that_gives_up_waiting_leaves_the_bastion_to_the_others(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    bastion, inner = sshd_factory(), sshd_factory()
    configure(
        client_home,
        f"Host bastion\n Port {bastion.port}\nHost inner other\n Port {inner.port}\n ProxyJump bastion\n",
    )
    dialer = _dialer()
    leaving = asyncio.create_task(dialer.connect(Target("other"), lambda _: None))
    staying = asyncio.create_task(dialer.connect(Target("inner"), lambda _: None))
    await asyncio.to_thread(bastion.wait_for_log, "Connection from")
    leaving.cancel()
    connection = await staying
    assert (await shell(connection, "echo in")).stdout == b"in\n"
    await connection.close()
    bastion.wait_until_idle()


async def test_a_dead_host_costs_only_itself(
    sshd_factory: SshdFactory, client_home: ClientHome, blackhole: Blackhole
) -> None:
    server, silent = sshd_factory(), blackhole.listen()
    dialer = make_dialer(Limits(login_timeout_s=1.0, retry_s=0.0))
    dead, alive = await asyncio.gather(
        dialer.connect(Target("127.0.0.1", port=silent), lambda _: None),
        dialer.connect(Target("127.0.0.1", server.user, server.port), lambda _: None),
        return_exceptions=True,
    )
    assert isinstance(dead, HostError)
    assert not isinstance(alive, BaseException)
    await alive.close()


async def test_a_server_that_turns_logins_away_is_asked_again_and_the_user_told(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    server = sshd_factory("MaxStartups 1:100:1", "LoginGraceTime 20")
    # Somebody else holds the only place for a login that is not over, for a while.
    reader, writer = await asyncio.open_connection(server.address, server.port)
    await reader.readline()
    dialer, reported = make_dialer(Limits(retry_s=20.0)), list[str]()
    login = asyncio.create_task(
        dialer.connect(Target(server.address, server.user, server.port), reported.append)
    )
    await asyncio.to_thread(server.wait_for_log, "drop connection")
    writer.close()
    connection = await login
    await connection.close()
    assert any("turns connections away for now" in line for line in reported)


async def test_a_server_that_never_lets_in_is_given_up_after_the_limit(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    server = sshd_factory("MaxStartups 1:100:1", "LoginGraceTime 20")
    reader, writer = await asyncio.open_connection(server.address, server.port)
    await reader.readline()
    with pytest.raises(HostError, match="before the SSH greeting"):
        await make_dialer(Limits(retry_s=1.0)).connect(
            Target(server.address, server.user, server.port), lambda _: None
        )
    writer.close()
    assert server.log.count("drop connection") > 1


async def test_a_proxy_command_runs_only_where_the_user_allows_it(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path
) -> None:
    server, ran = sshd_factory(), tmp_path / "ran"
    forward = (
        f"import socket,sys,threading,os; open({str(ran)!r}, 'w').close(); s=socket.create_connection((sys.argv[1],int(sys.argv[2]))); "
        "threading.Thread(target=lambda:[s.sendall(d) for d in iter(lambda:os.read(0,65536),b'')],daemon=True).start(); "
        "[os.write(1,d) for d in iter(lambda:s.recv(65536),b'')]"
    )
    (tmp_path / "forward.py").write_text(forward)
    client_home.configure(
        f"Host web\n HostName 127.0.0.1\n Port {server.port}\n"
        f" ProxyCommand python3 {tmp_path}/forward.py %h %p\n"
    )
    with pytest.raises(HostError, match="ProxyCommand") as caught:
        await _dialer().connect(Target("web"), lambda _: None)
    assert "proxy_command = true" in caught.value.remedy
    assert not ran.exists()
    allowing = make_dialer(Limits(), proxy_command=lambda host: host == "web")
    connection = await allowing.connect(Target("web"), lambda _: None)
    assert (await shell(connection, "echo through")).stdout == b"through\n"
    await connection.close()
