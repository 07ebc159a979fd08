"""TLS to the model server: a private CA counts when the machine trusts it, and not before."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tai.llm.endpoint import Identity
from tests.llm.asking import ask, refused
from tests.llm.server import ANSWER, Exchange, running


def made(path: Path, *, passphrase: bytes = b"") -> Path:
    """A file with a fresh self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "model server of a test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return made(tmp_path / "server.pem")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def refusing(tls: ssl.SSLContext) -> Iterator[str]:
    """The URL of a server that comes no further than the handshake, and lets its refusal arrive: asyncio's resets the
    connection, which may overtake it."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            with (
                taken,
                tls.wrap_socket(taken.dup(), server_side=True, do_handshake_on_connect=False) as secured,
            ):
                with pytest.raises(ssl.SSLError):
                    secured.do_handshake()
                taken.shutdown(socket.SHUT_WR)
                while taken.recv(4096):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join()


async def well(exchange: Exchange) -> None:
    await exchange.say(ANSWER.model_dump_json())


async def test_server_with_an_unknown_certificate_gets_no_request(tls: ssl.SSLContext) -> None:
    async with running(well, tls=tls) as server:
        error = await refused(server.url, api_key="k-1", model="m")
    assert "No trusted TLS connection" in error.reason
    assert "model_ca" in error.reason
    assert server.asked == []


async def test_certificate_that_the_machine_trusts_is_accepted(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with running(well, tls=tls) as server:
        heard = await ask(server.url)
    assert heard.said[0].answer == ANSWER
    assert len(server.asked) == 1


async def test_plain_http_to_a_tls_port_is_explained(tls: ssl.SSLContext) -> None:
    async with running(well, tls=tls) as server:
        error = await refused(server.url.replace("https", "http"), model="m")
    assert "broke" in error.reason


async def test_private_ca_of_the_settings_is_accepted(tls: ssl.SSLContext, certificate: Path) -> None:
    async with running(well, tls=tls) as server:
        heard = await ask(server.url, identity=Identity(ca=certificate))
    assert heard.said[0].answer == ANSWER


async def test_another_ca_of_the_settings_replaces_the_machines_own(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with running(well, tls=tls) as server:
        error = await refused(server.url, model="m", identity=Identity(ca=made(tmp_path / "other.pem")))
    assert "No trusted TLS connection" in error.reason
    assert server.asked == []


@pytest.mark.parametrize("apart", [True, False])
async def test_client_certificate_is_shown_to_a_server_that_asks_for_it(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path, *, apart: bool
) -> None:
    own = made(tmp_path / "client.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(own)
    identity = Identity(ca=certificate, certificate=own, key=own if apart else None)
    async with running(well, tls=tls) as server:
        heard = await ask(server.url, identity=identity)
        assert heard.said[0].answer == ANSWER
    assert len(server.asked) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("model", ["m", ""])  # the first request is a question, or the list of models
async def test_server_that_wants_another_client_certificate_is_explained(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path, version: ssl.TLSVersion, model: str
) -> None:
    """Under TLS 1.3 the handshake is over by the time that the server refuses."""
    tls.minimum_version = tls.maximum_version = version
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(made(tmp_path / "client.pem"))
    unknown = made(tmp_path / "unknown.pem")
    with refusing(tls) as url:
        none = await refused(url, model=model, identity=Identity(ca=certificate))
        other = await refused(url, model=model, identity=Identity(ca=certificate, certificate=unknown))
    assert "wants a TLS certificate of tai's own and got none" in none.reason
    assert "refused the TLS certificate that tai showed" in other.reason
    for error in (none, other):
        assert "model_cert names its file, model_cert_key that of its key" in error.reason


async def test_connection_that_ends_after_the_handshake_hints_at_the_client_certificate(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path
) -> None:
    async def leave(exchange: Exchange) -> None:
        exchange.reset()

    own = made(tmp_path / "client.pem")
    async with running(leave, tls=tls) as server:
        bare = await refused(server.url, model="m", identity=Identity(ca=certificate))
        named = await refused(server.url, model="m", identity=Identity(ca=certificate, certificate=own))
    async with running(leave) as server:
        plain = await refused(server.url, model="m")
    assert "broke" in bare.reason
    assert "name tai's in model_cert and model_cert_key" in bare.reason
    assert "may not trust the TLS certificate that tai shows (model_cert" in named.reason
    assert "model_cert" not in plain.reason


async def test_tls_to_a_plain_http_port_is_explained() -> None:
    async def puzzled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(puzzled, "127.0.0.1", 0)
    error = await refused(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}", model="m")
    listener.close()
    assert "does not speak TLS on that port" in error.reason
    assert "write http:// in model_url" in error.reason
    assert "model_ca" not in error.reason


async def test_key_without_its_certificate_is_an_error(certificate: Path) -> None:
    error = await refused("https://127.0.0.1:1", identity=Identity(key=certificate))
    assert f"model_cert_key names a key ({certificate}) and model_cert no certificate" in error.reason


async def test_files_that_cannot_be_used_are_named_with_their_setting(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no certificate")
    locked = made(tmp_path / "locked.pem", passphrase=b"a phrase")
    async with running(well, tls=tls) as server:
        for identity, setting, why in (
            (Identity(ca=tmp_path / "gone.pem"), "(model_ca)", "No such file"),
            (Identity(ca=text), "(model_ca)", "not a PEM file"),
            (Identity(ca=certificate, certificate=text), "(model_cert)", "not a PEM file"),
            (Identity(ca=certificate, certificate=locked), "(model_cert)", "is encrypted"),
            (
                Identity(ca=certificate, certificate=certificate, key=made(tmp_path / "another.pem")),
                "(model_cert and model_cert_key)",
                "its key is another's",
            ),
        ):
            error = await refused(server.url, identity=identity)
            assert setting in error.reason
            assert why in error.reason
    assert server.connections == 0
