"""Key pairs against real servers: order, permissions, certificates, agent, passphrase, and why one was not used."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tests.sshd import ClientHome, Sshd, SshdFactory, make_key
from tests.transport.conftest import Dialler

PASSPHRASE = "made up for this test"


def target(server: Sshd, *identity_files: Path) -> Target:
    return Target(server.address, server.user, server.port, identity_files=identity_files)


async def failure(server: Sshd, *identity_files: Path) -> str:
    with pytest.raises(HostError) as caught:
        await connect(target(server, *identity_files), Limits(), report=lambda _: None)
    return str(caught.value)


@contextlib.contextmanager
def agent(*keys: Path, passphrase: str = "") -> Iterator[str]:
    """A real ssh-agent that holds these keys; gives its socket."""
    path = keys[0].parent / "agent.sock"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL) as process:
        while not path.exists():
            assert process.poll() is None
        env = {**os.environ, "SSH_AUTH_SOCK": str(path), "SSH_ASKPASS_REQUIRE": "force"}
        answer = keys[0].parent / "askpass"
        answer.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
        answer.chmod(0o700)
        env["SSH_ASKPASS"] = str(answer)
        subprocess.run(["ssh-add", "-q", *map(str, keys)], env=env, check=True)
        try:
            yield str(path)
        finally:
            process.terminate()


def certify(authority: Path, key: Path, user: str) -> None:
    """Sign a key's public half for a user; the certificate lands beside it."""
    words = ["ssh-keygen", "-q", "-s", str(authority), "-I", "test", "-n", user, f"{key}.pub"]
    subprocess.run(words, check=True)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_the_usual_kinds_of_key_log_in(
    sshd_factory: SshdFactory, dial: Dialler, tmp_path: Path, kind: str
) -> None:
    key = make_key(tmp_path / "key", kind=kind)
    await dial(target(sshd_factory(authorized=[Path(f"{key}.pub")]), key))


async def test_the_given_key_is_tried_first(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    server = sshd_factory(authorized=[Path(f"{key}.pub")])
    await dial(target(server, key))
    assert "Failed publickey" not in server.log


async def test_default_keys_come_before_configured_ones(
    sshd: Sshd, dial: Dialler, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.configure(f"IdentityFile {make_key(tmp_path / 'other')}\n")
    await dial(sshd)
    assert "Failed publickey" not in sshd.log


async def test_identities_only_keeps_to_what_is_configured(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.configure(f"IdentitiesOnly yes\nIdentityFile {make_key(tmp_path / 'other')}\n")
    assert "accepted none of 1 key pair offered" in await failure(sshd)


async def test_a_key_that_others_can_read_is_refused_with_the_remedy(
    sshd: Sshd, client_home: ClientHome
) -> None:
    client_home.key.chmod(0o644)
    said = await failure(sshd)
    assert "permissions 0644 are too open" in said
    assert f"chmod 600 {client_home.key}" in said
    assert sshd.logins == 0


async def test_each_key_that_could_not_be_used_is_named_with_its_reason(
    sshd: Sshd, client_home: ClientHome, tmp_path: Path
) -> None:
    client_home.key.unlink()
    junk = tmp_path / "junk"
    junk.write_text("no key at all\n")
    junk.chmod(0o600)
    said = await failure(sshd, tmp_path / "absent", junk)
    assert "there is no key pair to log in with" in said
    assert f"{tmp_path}/absent: there is no such file" in said
    assert f"{junk}: it is not a private key" in said


async def test_a_certificate_beside_the_key_logs_in(
    sshd_factory: SshdFactory, dial: Dialler, tmp_path: Path
) -> None:
    authority, key = make_key(tmp_path / "ca"), make_key(tmp_path / "key")
    server = sshd_factory(f"TrustedUserCAKeys {authority}.pub")
    certify(authority, key, server.user)
    await dial(target(server, key))
    assert "ED25519-CERT" in server.log


async def test_a_password_only_host_is_told_apart(sshd_factory: SshdFactory) -> None:
    server = sshd_factory("PubkeyAuthentication no", "PasswordAuthentication yes")
    said = await failure(server)
    assert "tai uses key pairs only" in said
    assert "the host takes password" in said
    assert "Failed password" not in server.log


async def test_a_host_that_also_takes_passwords_gets_none(sshd_factory: SshdFactory, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    server = sshd_factory("PasswordAuthentication yes", authorized=[Path(f"{other}.pub")])
    assert "accepted none of 1 key pair offered" in await failure(server)
    assert "Failed password" not in server.log
    assert "method password" not in server.log


async def test_too_many_keys_are_explained(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path
) -> None:
    wrong = [make_key(tmp_path / f"wrong{n}") for n in range(4)]
    server = sshd_factory("MaxAuthTries 2")
    said = await failure(server, *wrong)
    assert "too many keys" in said
    assert "IdentitiesOnly" in said


async def test_the_agent_signs_for_an_encrypted_key(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_home.key.unlink()
    key = make_key(client_home.ssh / "locked", passphrase=PASSPHRASE)
    server = sshd_factory(authorized=[Path(f"{key}.pub")])
    with agent(key, passphrase=PASSPHRASE) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        await dial(target(server, key))
    assert "auth-agent-req" not in server.log


async def test_other_keys_of_the_agent_come_last_and_not_with_identities_only(
    sshd_factory: SshdFactory,
    dial: Dialler,
    client_home: ClientHome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = make_key(tmp_path / "held")
    server = sshd_factory(authorized=[Path(f"{held}.pub")])
    with agent(held) as path:
        held.unlink()
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        await dial(server)
        assert server.log.count("Failed publickey") + server.log.count("Postponed publickey") <= 2
        client_home.configure("IdentitiesOnly yes\n")
        assert "accepted none of 1 key pair" in await failure(server)


async def test_a_dead_agent_is_named_and_does_not_stop_a_key_file(
    sshd: Sshd, dial: Dialler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nobody"))
    await dial(sshd)


async def test_an_agent_that_never_answers_is_left_aside(
    sshd: Sshd, dial: Dialler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tai.transport.ssh.keys._AGENT_S", 0.3)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "silent"))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        await dial(sshd)


LOGIN = """
import asyncio, sys
from pathlib import Path
from tai.errors import TaiError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect

async def main():
    jump = sys.argv[3] if len(sys.argv) > 3 else None
    target = Target("127.0.0.1", sys.argv[1], int(sys.argv[2]), jump=jump)
    connection = await connect(target, Limits(login_timeout_s=5), report=lambda text: None)
    print("LOGGED IN", len(connection.host.via))
    await connection.close()

try:
    asyncio.run(main())
except TaiError as error:
    print("ERROR", error)
except KeyboardInterrupt:
    print("INTERRUPTED")
"""


def on_terminal(server: Sshd, *more: str) -> pexpect.spawn[str]:
    """The login above, on a pseudo-terminal of its own."""
    words = ["-c", textwrap.dedent(LOGIN), server.user, str(server.port), *more]
    return pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=30, dimensions=(24, 400))


@pytest.fixture
def locked(client_home: ClientHome) -> Path:
    """The client's only key, encrypted in a format that needs no extra library (PKCS#8)."""
    client_home.key.unlink()
    return make_key(client_home.ssh / "id_rsa", kind="rsa", passphrase=PASSPHRASE, pem=True)


def test_a_passphrase_is_asked_for_once_for_all_hops_and_not_shown(
    sshd_factory: SshdFactory, client_home: ClientHome, locked: Path
) -> None:
    public = [Path(f"{locked}.pub")]
    outer, inner = sshd_factory(authorized=public), sshd_factory(authorized=public)
    child = on_terminal(inner, f"{outer.user}@127.0.0.1:{outer.port}")
    child.expect_exact(f"Passphrase for {locked}: ")
    child.sendline(PASSPHRASE)
    child.expect_exact("LOGGED IN 1")
    assert PASSPHRASE not in str(child.before)
    child.expect(pexpect.EOF)


def test_a_wrong_passphrase_is_told_and_not_asked_again(
    sshd_factory: SshdFactory, client_home: ClientHome, locked: Path
) -> None:
    server = sshd_factory(authorized=[Path(f"{locked}.pub")])
    child = on_terminal(server)
    child.expect_exact("Passphrase for")
    child.sendline("wrong")
    child.expect_exact(f"{locked}: it could not be unlocked")
    child.expect(pexpect.EOF)
    assert "Passphrase" not in str(child.before)


def test_no_passphrase_is_asked_for_a_key_that_the_host_does_not_accept(
    sshd_factory: SshdFactory, client_home: ClientHome, locked: Path, tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other")
    child = on_terminal(sshd_factory(authorized=[Path(f"{other}.pub")]))
    child.expect_exact("ERROR")
    assert "Passphrase" not in str(child.before)
    child.expect(pexpect.EOF)


def test_ctrl_c_at_the_passphrase_ends_at_once_and_restores_the_terminal(
    sshd_factory: SshdFactory, client_home: ClientHome, locked: Path
) -> None:
    child = on_terminal(sshd_factory(authorized=[Path(f"{locked}.pub")]))
    child.expect_exact("Passphrase for")
    child.waitnoecho()
    child.sendintr()
    child.expect_exact("INTERRUPTED")
    assert child.getecho()
    child.expect(pexpect.EOF)


def test_without_a_terminal_an_encrypted_key_is_named_with_the_way_out(
    sshd_factory: SshdFactory, client_home: ClientHome, locked: Path
) -> None:
    """In a session without a controlling terminal, as cron or a pipeline has."""
    server = sshd_factory(authorized=[Path(f"{locked}.pub")])
    done = subprocess.run(
        [sys.executable, "-c", LOGIN, server.user, str(server.port)],
        start_new_session=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    assert "there is no terminal to ask on" in done.stdout
    assert f"ssh-add {locked}" in done.stdout


def test_an_encrypted_key_in_openssh_s_own_format_is_unlocked(
    sshd_factory: SshdFactory, client_home: ClientHome
) -> None:
    pytest.importorskip("bcrypt", reason="asyncssh needs bcrypt for this format")
    client_home.key.unlink()
    make_key(client_home.key, passphrase=PASSPHRASE)
    Path(f"{client_home.key}.pub").rename(client_home.path / "elsewhere.pub")
    child = on_terminal(sshd_factory(authorized=[client_home.path / "elsewhere.pub"]))
    child.expect_exact("Passphrase for")
    child.sendline(PASSPHRASE)
    child.expect_exact("LOGGED IN")
    child.expect(pexpect.EOF)
