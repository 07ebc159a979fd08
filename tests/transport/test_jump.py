"""Jump chains through real servers: each hop verified and logged in to by itself, failures naming the hop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.errors import HostError, HostKeyError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tests.sshd import ClientHome, Sshd, SshdFactory, free_port, make_key, public_of
from tests.transport.conftest import Dialler, shell


def configure(home: ClientHome, outer: Sshd, inner: Sshd, more: str = "") -> None:
    home.configure(
        f"{more}\n"
        f"Host bastion\n HostName 127.0.0.1\n Port {outer.port}\n User {outer.user}\n"
        f"Host inner\n HostName 127.0.0.1\n Port {inner.port}\n User {inner.user}\n ProxyJump bastion\n"
        "Host *\n HashKnownHosts no\n"
    )


async def test_proxyjump_of_the_configuration_is_followed(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome
) -> None:
    outer, inner = sshd_factory(), sshd_factory()
    configure(client_home, outer, inner)
    connection = await dial(Target("inner"))
    assert (await shell(connection, "echo in")).stdout == b"in\n"
    assert connection.host.name == "inner"
    assert connection.host.via == (f"{outer.user}@bastion:{outer.port}",)
    assert (outer.logins, inner.logins) == (1, 1)
    assert "Starting session" not in outer.log
    assert "direct-tcpip" in outer.log
    assert client_home.known_hosts.read_text() == outer.known_hosts_line() + inner.known_hosts_line()


async def test_a_jump_list_overrides_the_configuration(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome
) -> None:
    outer, middle, inner = sshd_factory(), sshd_factory(), sshd_factory()
    configure(client_home, outer, inner)
    jump = f"{outer.user}@127.0.0.1:{outer.port},127.0.0.1:{middle.port}"
    connection = await dial(Target("inner", jump=jump))
    assert (await shell(connection, "echo in")).stdout == b"in\n"
    assert [server.logins for server in (outer, middle, inner)] == [1, 1, 1]
    assert "direct-tcpip" not in inner.log


async def test_no_jump_when_the_user_says_none(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome
) -> None:
    outer, inner = sshd_factory(), sshd_factory()
    configure(client_home, outer, inner)
    connection = await dial(Target("inner", jump="none"))
    assert connection.host.via == ()
    assert outer.logins == 0


@pytest.mark.parametrize("bad", ["bastion", "inner"])
async def test_a_changed_key_names_its_hop_and_nothing_is_sent_beyond(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path, bad: str
) -> None:
    outer, inner = sshd_factory(), sshd_factory()
    configure(client_home, outer, inner)
    changed = {"bastion": outer, "inner": inner}[bad]
    client_home.known_hosts.write_text(f"[127.0.0.1]:{changed.port} {public_of(make_key(tmp_path / 'old'))}")
    with pytest.raises(HostKeyError) as caught:
        await connect(Target("inner"), Limits(), report=lambda _: None)
    assert (caught.value.host, caught.value.hop) == ("inner", bad)
    assert ("at jump host bastion" in str(caught.value)) is (bad == "bastion")
    assert outer.logins == (0 if bad == "bastion" else 1)
    assert inner.logins == 0


async def test_each_hop_uses_its_own_key_and_known_hosts(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "inner_key")
    outer, inner = sshd_factory(), sshd_factory(authorized=[Path(f"{key}.pub")])
    own = tmp_path / "inner_known_hosts"
    more = f"Host inner\n IdentityFile {key}\n IdentitiesOnly yes\n UserKnownHostsFile {own}"
    configure(client_home, outer, inner, more)
    await dial(Target("inner"))
    assert client_home.known_hosts.read_text() == outer.known_hosts_line()
    assert own.read_text() == inner.known_hosts_line()


async def test_the_identity_given_by_flag_serves_every_hop(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "shared")
    public = [Path(f"{key}.pub")]
    outer, inner = sshd_factory(authorized=public), sshd_factory(authorized=public)
    configure(client_home, outer, inner)
    connection = await dial(Target("inner", identity_files=(key,)))
    assert len(connection.host.via) == 1


async def test_a_refused_port_behind_the_bastion_names_both(sshd: Sshd, client_home: ClientHome) -> None:
    port = free_port()
    target = Target("127.0.0.1", port=port, jump=f"{sshd.user}@127.0.0.1:{sshd.port}")
    with pytest.raises(HostError, match=f"jump host 127.0.0.1 could not connect to 127.0.0.1 port {port}"):
        await connect(target, Limits(), report=lambda _: None)


async def test_a_bastion_that_forbids_forwarding_says_so(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    outer, inner = sshd_factory("AllowTcpForwarding no"), sshd_factory()
    configure(client_home, outer, inner)
    with pytest.raises(HostError, match="jump host bastion does not allow") as caught:
        await connect(Target("inner"), Limits(), report=lambda _: None)
    assert "AllowTcpForwarding" in caught.value.remedy


async def test_an_unreachable_bastion_is_the_hop_that_failed(client_home: ClientHome) -> None:
    target = Target("inner", jump=f"127.0.0.1:{free_port()}")
    with pytest.raises(HostError, match="refused the connection") as caught:
        await connect(target, Limits(), report=lambda _: None)
    assert (caught.value.host, caught.value.hop) == ("inner", "127.0.0.1")


async def test_a_bastion_that_accepts_no_key_names_itself(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other")
    outer, inner = sshd_factory(authorized=[Path(f"{other}.pub")]), sshd_factory()
    configure(client_home, outer, inner)
    with pytest.raises(HostError, match="accepted none of 1 key pair") as caught:
        await connect(Target("inner"), Limits(), report=lambda _: None)
    assert caught.value.hop == "bastion"


async def test_closing_ends_every_hop(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome
) -> None:
    outer, inner = sshd_factory(), sshd_factory()
    configure(client_home, outer, inner)
    await (await dial(Target("inner"))).close()
    outer.wait_until_idle()
    inner.wait_until_idle()
