"""Security keys (FIDO): the agent signs for them, and a real sshd checks the signature.

The agent here is a fake, because a real one wants a token to be touched. What it signs is laid out as OpenSSH's PROTOCOL.u2f
says, so that sshd's own check decides.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tests.sshd import ClientHome, SshdFactory
from tests.transport.conftest import Dialler, shell

_TYPE, _APPLICATION = b"sk-ssh-ed25519@openssh.com", b"ssh:"
_TOUCHED = b"\x01"


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class Token:
    """A security key in software, and the agent that reaches it. signed: how often it was asked to sign."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.blob = _string(_TYPE) + _string(raw) + _string(_APPLICATION)
        self.signed = 0

    @property
    def public_line(self) -> str:
        return f"{_TYPE.decode()} {base64.b64encode(self.blob).decode()} token\n"

    def sign(self, data: bytes) -> bytes:
        self.signed += 1
        counter = struct.pack(">I", self.signed)
        told = hashlib.sha256(_APPLICATION).digest() + _TOUCHED + counter + hashlib.sha256(data).digest()
        return _string(_TYPE) + _string(self._key.sign(told)) + _TOUCHED + counter

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The two requests of the agent protocol that matter: list (11) and sign (13)."""
        while head := await reader.read(4):
            body = await reader.readexactly(struct.unpack(">I", head)[0])
            if body[0] == 11:
                answer = b"\x0c" + struct.pack(">I", 1) + _string(self.blob) + _string(b"token")
            elif body[0] == 13:
                size = struct.unpack(">I", body[1:5])[0]
                assert body[5 : 5 + size] == self.blob
                rest = body[5 + size :]
                answer = b"\x0e" + _string(self.sign(rest[4 : 4 + struct.unpack(">I", rest[:4])[0]]))
            else:
                answer = b"\x05"
            writer.write(_string(answer))
        writer.close()


@pytest.fixture
async def token(
    client_home: ClientHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Token]:
    held = Token()
    server = await asyncio.start_unix_server(held.serve, tmp_path / "agent")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    yield held
    server.close()


async def test_a_security_key_in_the_agent_logs_in(
    sshd_factory: SshdFactory, dial: Dialler, client_home: ClientHome, tmp_path: Path, token: Token
) -> None:
    allowed = tmp_path / "token.pub"
    allowed.write_text(token.public_line)
    client_home.key.unlink()
    connection = await dial(sshd_factory(authorized=[allowed]))
    assert (await shell(connection, "echo in")).stdout == b"in\n"
    assert token.signed == 1


async def test_a_token_that_is_not_touched_for_this_login_does_not_let_in(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path, token: Token
) -> None:
    allowed, other = tmp_path / "token.pub", Token()
    allowed.write_text(token.public_line)
    client_home.key.unlink()
    token.sign = other.sign  # type: ignore[method-assign]
    server = sshd_factory(authorized=[allowed])
    with pytest.raises(HostError, match="accepted none of 1 key pair"):
        await connect(Target(server.address, server.user, server.port), Limits(), report=lambda _: None)


async def test_a_security_key_file_without_its_agent_says_what_to_do(
    sshd_factory: SshdFactory, client_home: ClientHome, tmp_path: Path
) -> None:
    file = client_home.ssh / "id_ed25519_sk"
    file.write_bytes(_private_file(Token().blob))
    file.chmod(0o600)
    client_home.key.unlink()
    server = sshd_factory()
    with pytest.raises(HostError, match=f"security key, which signs through the agent: ssh-add {file}"):
        await connect(
            Target(server.address, server.user, server.port, (file,)), Limits(), report=lambda _: None
        )


def _private_file(blob: bytes) -> bytes:
    """An unencrypted key file of OpenSSH's own format (PROTOCOL.key), as ssh-keygen -t ed25519-sk writes it."""
    check = struct.pack(">I", 7) * 2
    inner = check + blob + b"\x01" + _string(b"handle of the token's key") + _string(b"") + _string(b"token")
    inner += bytes(range(1, 1 + -len(inner) % 8))
    data = b"openssh-key-v1\0" + _string(b"none") + _string(b"none") + _string(b"") + struct.pack(">I", 1)
    text = base64.encodebytes(data + _string(blob) + _string(inner))
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + b"-----END OPENSSH PRIVATE KEY-----\n"
