"""TLS to the model server: a private CA counts when the machine trusts it, and not before."""

from __future__ import annotations

import ssl
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
        error = await refused(server.url, model="m", identity=Identity(ca=certificate))
    assert len(server.asked) == 1
    assert "TLS" in error.reason or "connection to the model server" in error.reason  # whichever end is first


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
