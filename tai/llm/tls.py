"""TLS to the model server: the certificates that are trusted and shown, and what a TLS error means. Not the connection:
see `tai.llm.http`.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from tai.errors import ModelError
from tai.llm.endpoint import Endpoint, Identity

NO_TRUST = (
    "No trusted TLS connection to the model server at {server}: {detail}. model_ca names the file with a private CA, "
    "model_cert the certificate that a server may ask tai for."
)
_WANTS_ONE = (
    "The model server at {server} wants a TLS certificate of tai's own and got none ({detail}). model_cert names its file, "
    "model_cert_key that of its key."
)
_TAKES_NOT_THIS = (
    "The model server at {server} refused the TLS certificate that tai showed ({detail}). model_cert names its file, "
    "model_cert_key that of its key; the server must trust the CA that signed it."
)
_NO_TLS = (
    "The model server at {server} does not speak TLS on that port ({detail}). If it is a plain HTTP server, write http:// "
    "in model_url."
)
# A server that wants a certificate, or another one, may just hang up.
_MAY_WANT_ONE = (
    "If that server asks its clients for a TLS certificate, name tai's in model_cert and model_cert_key."
)
_MAY_WANT_ANOTHER = (
    "That server may not trust the TLS certificate that tai shows (model_cert and model_cert_key)."
)

# As OpenSSL names the alerts of RFC 8446, 6.2, that a server sends about its client's certificate; before TLS 1.3, one
# that got none sends handshake_failure.
_OF_OURS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")
# What OpenSSL says to bytes that are no TLS record; which one depends on its version and on the bytes.
_NOT_TLS = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "HTTP_REQUEST",
        "PACKET_LENGTH_TOO_LONG",
    }
)


def meaning(error: ssl.SSLError, identity: Identity) -> str:
    """What the error means, with {server} and {detail} to be filled in. identity: whose certificate was shown, if any."""
    reason = getattr(error, "reason", None) or ""
    if reason in _NOT_TLS:
        return _NO_TLS
    # An alert is the other side's word; without one it is OpenSSL here that is not content.
    if "_ALERT_" in reason and any(sign in reason for sign in _OF_OURS):
        return _WANTS_ONE if identity.certificate is None else _TAKES_NOT_THIS
    return NO_TRUST


def hint(endpoint: Endpoint, identity: Identity) -> str:
    """What may be behind a connection that ended before anything came; '' without TLS."""
    if not endpoint.base.startswith("https:"):
        return ""
    return _MAY_WANT_ONE if identity.certificate is None else _MAY_WANT_ANOTHER


def trust(endpoint: Endpoint, identity: Identity) -> ssl.SSLContext:
    """The CA that is named, else the machine's own store, where a company's private CA may be. Loading that for plain HTTP
    would cost 20 ms. Raises ModelError naming the setting whose file cannot be used.
    """
    if identity.key is not None and identity.certificate is None:
        raise ModelError(
            f"model_cert_key names a key ({identity.key}) and model_cert no certificate that it belongs to: set both, or "
            "model_cert alone where its file holds the key too."
        )
    if not endpoint.base.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = ssl.create_default_context(cafile=identity.ca)
    except OSError as error:
        raise _unusable("model_ca", identity.ca, error) from None
    if identity.certificate is not None:
        try:
            # Without an answer at hand, OpenSSL would ask the terminal for the passphrase.
            context.load_cert_chain(identity.certificate, identity.key, password=lambda: "")
        except (OSError, ValueError) as error:
            names = "model_cert" if identity.key is None else "model_cert and model_cert_key"
            raise _unusable(names, identity.key or identity.certificate, error) from None
    return context


def _unusable(setting: str, path: Path | None, error: OSError | ValueError) -> ModelError:
    why = "it is not a PEM file of that kind, its key is another's, or it is encrypted"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        why = error.strerror or str(error)
    return ModelError(f"The file {path} cannot be used for TLS ({setting}): {why}.")
