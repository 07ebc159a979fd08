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

from tests.llm.asking import ask, refused
from tests.llm.server import ANSWER, Exchange, running


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a fresh self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "model server of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


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
    assert "SSL_CERT_FILE" in error.reason
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
