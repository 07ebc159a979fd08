"""Which algorithms tai speaks: the user's own order, less all that rests on SHA-1, MD5, CBC, RC4 or DSA.

An allow-list, so that a new asyncssh cannot bring a weak one in. There is no switch to widen it: a host that offers
nothing better is named as such, and what it needs is an update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tai.errors import HostError
from tai.transport.ssh.loader import encryption, kex, mac, public_key
from tai.transport.ssh.settings import Effective

_KEY_TYPES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
SIGNATURES: Final = (*_KEY_TYPES, "rsa-sha2-512", "rsa-sha2-256")
"""Signature algorithms, for the host's key and for ours; ssh-rsa, which signs SHA-1, is not among them."""

_CERTIFICATES: Final = tuple(
    f"{name.removesuffix('@openssh.com')}-cert-v01@openssh.com" for name in SIGNATURES
)
_KEX: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
)
_CIPHERS: Final = (
    "aes128-gcm@openssh.com",  # one call into OpenSSL for a packet; chacha20-poly1305 takes five
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What to propose to one server, in order of preference; named as asyncssh's options are."""

    kex_algs: tuple[str, ...]
    encryption_algs: tuple[str, ...]
    mac_algs: tuple[str, ...]
    server_host_key_algs: tuple[str, ...]
    signature_algs: tuple[str, ...]


def propose(
    settings: Effective, host: str, hop: str, *, on_record: Sequence[str], certified: bool
) -> Algorithms:
    """Choose for one hop.

    on_record: key types of known_hosts for it; they are asked for first, as in ssh, so that a host with several keys
    shows the one we can check. certified: an authority is on record; only then are host certificates asked for.
    Raises HostError when the user's configuration leaves nothing that tai accepts.
    """

    def choose(
        what: str, allowed: Sequence[str], supported: Iterable[bytes], wanted: Sequence[str]
    ) -> tuple[str, ...]:
        here = {name.decode() for name in supported}
        usable = [name for name in allowed if name in here]
        chosen = tuple(name for name in wanted if name in usable) if wanted else tuple(usable)
        if not chosen:
            raise HostError(
                host,
                f"ssh's configuration allows no {what} that tai accepts: {', '.join(wanted)}",
                f"Allow one of {', '.join(usable)} for this host.",
                hop=hop,
            )
        return chosen

    signatures = choose(
        "signature algorithm", SIGNATURES, public_key.get_public_key_algs(), settings.host_key_algorithms
    )
    certificates = choose("certificate algorithm", _CERTIFICATES, public_key.get_certificate_algs(), ())
    first = tuple(name for name in signatures if _key_type(name) in on_record)
    rest = tuple(name for name in signatures if name not in first)
    return Algorithms(
        kex_algs=choose("key exchange", _KEX, kex.get_kex_algs(), settings.kex_algorithms),
        encryption_algs=choose("cipher", _CIPHERS, encryption.get_encryption_algs(), settings.ciphers),
        mac_algs=choose("MAC", _MACS, mac.get_mac_algs(), settings.macs),
        server_host_key_algs=(*(certificates if certified else ()), *first, *rest),
        signature_algs=tuple(
            name for name in SIGNATURES if name.encode() in public_key.get_public_key_algs()
        ),
    )


def _key_type(signature: str) -> str:
    """The key type behind a signature algorithm: RSA keys sign under several names (RFC 8332)."""
    return "ssh-rsa" if signature.startswith("rsa-") else signature
