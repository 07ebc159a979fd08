"""One private key file: what it holds, whether it may be used, and its public half without its passphrase.

Not the choice among files (`tai.transport.ssh.keys`). Formats: OpenSSH's PROTOCOL.key, RFC 1421 and RFC 5208 PEM.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from tai.transport.ssh.loader import asyncssh

_OPENSSH_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True, slots=True)
class Identity:
    """A key file that exists.

    key: the private key, None when it is encrypted or `problem` says why it may not be used. data: the file's content.
    public: its public half, None when it is encrypted in a format that hides it and no .pub file stands beside it.
    certificates: from `FILE-cert.pub`.
    """

    file: Path
    data: bytes = b""
    key: asyncssh.SSHKey | None = None
    public: asyncssh.SSHKey | None = None
    certificates: tuple[asyncssh.SSHCertificate, ...] = ()
    problem: str = ""


def read_identity(file: Path) -> Identity | None:
    """Read a key file; None when there is no such file. Never raises: what is wrong stands in `problem`."""
    try:
        state = file.stat()
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Identity(file, problem=f"it cannot be read ({error.strerror})")
    beside = _public_beside(file)
    if beside is None and data.startswith((b"ssh-", b"ecdsa-", b"sk-")):
        # A public key, as in `-i key.pub`: the private one is in the agent.
        return Identity(
            file,
            public=_public(data),
            problem="it is a public key, and the agent does not hold the private one",
        )
    if problem := _too_open(file, state):
        return Identity(file, public=beside, problem=problem)
    public, certificates = _public_inside(data) or beside, _certificates(file)
    if is_encrypted(data):
        return Identity(file, data, None, public, certificates)
    return _unencrypted(Identity(file, data, None, public, certificates))


def _unencrypted(identity: Identity) -> Identity:
    try:
        key = asyncssh.import_private_key(identity.data)
    except (ValueError, asyncssh.Error) as error:
        return replace(identity, problem=f"it is not a private key that can be used ({error})")
    if key.algorithm.startswith(b"sk-"):
        # The file only says which key of the token is meant; OpenSSH's agent talks to the token, and asks for the touch.
        said = f"it is a security key, which signs through the agent: ssh-add {identity.file}"
        return replace(identity, public=key.convert_to_public(), problem=said)
    if key.algorithm == b"ssh-dss":
        return replace(identity, problem="DSA keys are too weak; make one with ssh-keygen -t ed25519")
    return replace(identity, key=key, public=key.convert_to_public())


def is_encrypted(data: bytes) -> bool:
    """Whether a private key wants a passphrase, from its headers alone."""
    blob = _openssh_blob(data)
    if blob is not None:
        return _strings(blob, 1)[0] != [b"none"]
    return b"ENCRYPTED" in data


def _too_open(file: Path, state: os.stat_result) -> str:
    """The reason to refuse a private key by its permissions, or ''. As sshkey_perm_ok() in OpenSSH: own files only."""
    if state.st_uid == os.getuid() and state.st_mode & 0o077:
        mode = stat.S_IMODE(state.st_mode)
        return f"its permissions {mode:04o} are too open, others can read it: chmod 600 {file}"
    return ""


def _public_beside(file: Path) -> asyncssh.SSHKey | None:
    try:
        return _public(Path(f"{file}.pub").read_bytes())
    except OSError:
        return None


def _public(data: bytes) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.import_public_key(data)
    except ValueError:
        return None


def _public_inside(data: bytes) -> asyncssh.SSHKey | None:
    """The public half that OpenSSH's own format keeps in the clear."""
    blob = _openssh_blob(data)
    if blob is None:
        return None
    _, rest = _strings(blob, 3)  # cipher, kdf, kdf options
    keys, _ = _strings(rest[4:], 1)  # behind the count of keys, which is always 1
    names, _ = _strings(keys[0], 1) if keys else ([], b"")
    return _public(names[0] + b" " + base64.b64encode(keys[0])) if names else None


def _openssh_blob(data: bytes) -> bytes | None:
    head, _, rest = data.strip().partition(b"\n")
    if b"BEGIN OPENSSH PRIVATE KEY" not in head:
        return None
    try:
        blob = base64.b64decode(b"".join(rest.split(b"-----")[0].split()))
    except binascii.Error:
        return None
    return blob.removeprefix(_OPENSSH_MAGIC) if blob.startswith(_OPENSSH_MAGIC) else None


def _strings(blob: bytes, count: int) -> tuple[list[bytes], bytes]:
    """The first `count` strings of an SSH encoding (RFC 4251, section 5), and what is left."""
    found: list[bytes] = []
    while len(found) < count and len(blob) >= 4:
        length = int.from_bytes(blob[:4], "big")
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found, blob


def _certificates(file: Path) -> tuple[asyncssh.SSHCertificate, ...]:
    try:
        return (asyncssh.read_certificate(f"{file}-cert.pub"),)
    except (OSError, ValueError):
        return ()
