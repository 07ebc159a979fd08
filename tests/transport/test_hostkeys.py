"""Host keys against real servers: what is accepted, what stops, and that it stops before anything of ours is sent."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tai.errors import HostError, HostKeyError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tests.sshd import ClientHome, Sshd, SshdFactory, make_key, public_of
from tests.transport.conftest import Dialler, shell


def target(server: Sshd) -> Target:
    return Target(server.address, server.user, server.port)


async def refused(server: Sshd) -> HostKeyError:
    """Expect a login to be stopped by the host's key, before authentication."""
    with pytest.raises(HostKeyError) as caught:
        await connect(target(server), Limits(), report=lambda _: None)
    server.wait_for_log("Received disconnect from")
    assert server.logins == 0
    assert "userauth-request" not in server.log
    assert "Starting session" not in server.log
    return caught.value


def fingerprint(public: str) -> str:
    done = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"], input=public, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[1]


async def test_an_unknown_host_is_recorded_once_and_known_afterwards(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.configure("HashKnownHosts no\n")
    await dial(sshd)
    assert client_home.known_hosts.read_text() == sshd.known_hosts_line()
    assert len(dial.reported) == 1
    assert f"recorded new host key of [127.0.0.1]:{sshd.port}" in dial.reported[0]
    assert fingerprint(sshd.host_public) in dial.reported[0]
    await dial(sshd)
    assert len(dial.reported) == 1
    assert len(client_home.known_hosts.read_text().splitlines()) == 1


async def test_openssh_knows_the_host_that_tai_recorded(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.configure("HashKnownHosts yes\n")
    await dial(sshd)
    assert client_home.known_hosts.read_text().startswith("|1|")
    process = await asyncio.create_subprocess_exec(
        "ssh", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={client_home.known_hosts}",
        "-o", "BatchMode=yes", "-i", str(client_home.key), "-p", str(sshd.port), sshd.address, "echo", "known",
        stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert (await process.communicate())[0] == b"known\n"


async def test_changed_host_key_stops_before_any_command(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    old = public_of(make_key(tmp_path / "old"))
    client_home.known_hosts.write_text(f"# mine\n[127.0.0.1]:{sshd.port} {old}")
    error = await refused(sshd)
    said = str(error)
    assert f"{client_home.known_hosts}:2" in said
    assert fingerprint(old) in said
    assert fingerprint(sshd.host_public) in said
    assert "man in the middle" in said
    assert f"-R '[127.0.0.1]:{sshd.port}'" in said
    assert error.exit_code == 3
    assert client_home.known_hosts.read_text().count("\n") == 2


async def test_strict_host_key_checking_no_does_not_let_a_changed_key_pass(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.configure("StrictHostKeyChecking no\n")
    old = public_of(make_key(tmp_path / "old"))
    client_home.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {old}")
    assert "has changed" in str(await refused(sshd))


async def test_strict_host_key_checking_yes_refuses_an_unknown_host(
    sshd: Sshd, client_home: ClientHome
) -> None:
    client_home.configure("StrictHostKeyChecking yes\n")
    assert "StrictHostKeyChecking is yes" in str(await refused(sshd))
    assert not client_home.known_hosts.exists()


async def test_a_revoked_key_stops_although_it_is_also_on_record(sshd: Sshd, client_home: ClientHome) -> None:
    client_home.known_hosts.write_text(sshd.known_hosts_line() + f"@revoked * {sshd.host_public}\n")
    assert f"revoked ({client_home.known_hosts}:2)" in str(await refused(sshd))


async def test_a_known_type_is_asked_for_first(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    """The server has an ed25519 key, which would be preferred, and the ECDSA key that is on record."""
    ecdsa = make_key(tmp_path / "ecdsa", kind="ecdsa")
    server = sshd_factory(f"HostKey {ecdsa}")
    public = public_of(ecdsa)
    client_home.known_hosts.write_text(f"[127.0.0.1]:{server.port} {public}")
    assert (await shell(await dial(server), "echo in")).stdout == b"in\n"
    assert dial.reported == []


async def test_a_host_on_record_by_another_type_only_is_stopped(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    ecdsa = public_of(make_key(tmp_path / "ecdsa", kind="ecdsa"))
    client_home.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {ecdsa}")
    assert "another type" in str(await refused(sshd))


async def test_a_malformed_line_is_noted_and_the_rest_still_counts(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.known_hosts.write_text("nonsense\n" + sshd.known_hosts_line())
    connection = await dial(sshd)
    assert dial.reported == []
    assert any(f"{client_home.known_hosts}:1 is skipped" in note for note in connection.notes)


async def test_an_unreadable_known_hosts_file_stops(sshd: Sshd, client_home: ClientHome) -> None:
    client_home.known_hosts.mkdir()
    with pytest.raises(HostError, match="so no host key could be checked"):
        await connect(target(sshd), Limits(), report=lambda _: None)


@pytest.mark.parametrize("nowhere", ["none", "/dev/null"])
async def test_with_nowhere_to_record_the_key_is_accepted_and_said(
    sshd: Sshd, dial: Dialler, client_home: ClientHome, nowhere: str
) -> None:
    client_home.configure(f"UserKnownHostsFile {nowhere}\n")
    await dial(sshd)
    assert "no file to record it in" in dial.reported[0]
    assert not client_home.known_hosts.exists()


async def test_a_key_that_cannot_be_recorded_is_said(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.configure("UserKnownHostsFile /proc/no-such/known_hosts\n")
    await dial(sshd)
    assert "could not be recorded in /proc/no-such/known_hosts" in dial.reported[0]


async def test_a_given_known_hosts_file_replaces_the_users(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.known_hosts.write_text("[127.0.0.1]:* would be malformed\n")
    mine = tmp_path / "mine" / "known_hosts"
    connection = await connect(target(sshd), Limits(), report=lambda _: None, known_hosts=mine)
    await connection.close()
    assert mine.exists()
    assert connection.notes == ()


async def test_two_first_contacts_at_once_record_one_line(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    await asyncio.gather(dial(sshd), dial(sshd), dial(sshd))
    assert len(client_home.known_hosts.read_text().splitlines()) == 1


class Authority:
    """A host certificate authority, and a server whose key it has signed."""

    def __init__(self, directory: Path, *, principals: str = "127.0.0.1", validity: str = "-1h:+1h") -> None:
        self.key = make_key(directory / "authority")
        self.host_key = make_key(directory / "certified")
        words = [
            "ssh-keygen",
            "-q",
            "-s",
            str(self.key),
            "-I",
            "test",
            "-h",
            "-n",
            principals,
            "-V",
            validity,
        ]
        subprocess.run([*words, f"{self.host_key}.pub"], check=True)
        self.line = f"@cert-authority * {public_of(self.key)}"
        self.option = f"HostCertificate {self.host_key}-cert.pub"


async def test_a_certificate_of_an_authority_on_record_is_accepted(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server = sshd_factory(authority.option, host_key=authority.host_key)
    client_home.known_hosts.write_text(authority.line)
    assert (await shell(await dial(server), "echo in")).stdout == b"in\n"
    assert dial.reported == []
    assert client_home.known_hosts.read_text() == authority.line


@pytest.mark.parametrize(
    ("principals", "validity"),
    [("another.example", "-1h:+1h"), ("127.0.0.1", "-2h:-1h"), ("127.0.0.1", "+1h:+2h")],
)
async def test_a_certificate_for_another_name_or_time_is_refused(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path, principals: str, validity: str
) -> None:
    authority = Authority(tmp_path, principals=principals, validity=validity)
    server = sshd_factory(authority.option, host_key=authority.host_key)
    client_home.known_hosts.write_text(authority.line)
    assert "certificate is not accepted" in str(await refused(server))


@pytest.mark.parametrize("revoked", ["authority", "certified"])
async def test_a_revoked_authority_or_certified_key_is_refused(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path, revoked: str
) -> None:
    authority = Authority(tmp_path)
    server = sshd_factory(authority.option, host_key=authority.host_key)
    bad = (tmp_path / f"{revoked}.pub").read_text()
    client_home.known_hosts.write_text(f"{authority.line}@revoked 127.0.0.1 {bad}")
    assert "revoked" in str(await refused(server))


async def test_a_bare_key_where_an_authority_is_on_record_is_refused(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.known_hosts.write_text(Authority(tmp_path).line)
    assert "no certificate" in str(await refused(sshd))


async def test_a_certificate_of_an_unknown_authority_counts_as_its_bare_key(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    """As in ssh, which asks for a certificate only where it knows an authority."""
    authority = Authority(tmp_path)
    server = sshd_factory(authority.option, host_key=authority.host_key)
    await dial(server)
    assert "recorded new host key" in dial.reported[0]


async def test_an_impostor_at_a_recorded_address_is_stopped(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome
) -> None:
    """First contact, then another server on the same port: the whole of a man in the middle."""
    first = sshd_factory()
    await dial(first)
    first.stop()
    impostor = sshd_factory(port=first.port)
    assert "has changed" in str(await refused(impostor))
    impostor.stop()
    back = sshd_factory(port=first.port, host_key=first.host_key)
    assert (await shell(await dial(back), "echo in")).stdout == b"in\n"
