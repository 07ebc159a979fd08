"""known_hosts files: reading, matching, judging an offered key, and adding one line.

Not the policy for what to do about a verdict (`tai.transport.ssh.hostkey`), and no SSH: keys are blobs here.

Format and meaning: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", and OpenSSH's hostfile.c. Stricter than OpenSSH in two places:
a host that is known only by keys of another type, or only through an authority, is not a new host.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Marker = Literal["", "@revoked", "@cert-authority"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. hosts: its patterns as written; key: the blob in RFC 4253 encoding, whose first string is `key_type`."""

    file: Path
    line: int
    marker: Marker
    hosts: str
    key_type: str
    key: bytes

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def public_line(self) -> str:
        """The key as a line of a .pub file."""
        return f"{self.key_type} {base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names under which a host's keys may stand.

    lookup: the one that ssh itself looks up and records: the alias, `host`, or `[host]:port`.
    plain: `host` when lookup carries a port, else ''; ssh accepts the same key there, and so do we.
    addresses: its IP address in both forms; only for @revoked, because addresses are shared and move.
    """

    lookup: str
    plain: str = ""
    addresses: tuple[str, ...] = ()

    @classmethod
    def of(cls, hostname: str, port: int, *, alias: str = "", address: str = "") -> Names:
        """hostname: as resolved by the configuration, in any case; address: '' when reached through a jump host."""
        host = _normal(hostname)
        addresses = (_normal(address), _with_port(_normal(address), port)) if address else ()
        if alias:
            return cls(_normal(alias), "", tuple(dict.fromkeys((host, _with_port(host, port), *addresses))))
        lookup = _with_port(host, port)
        return cls(lookup, host if lookup != host else "", tuple(dict.fromkeys(addresses)))


@dataclass(frozen=True, slots=True)
class Known:
    """The offered key stands at `entry`."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is on record for this host."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The host is on record with another key of the same type."""

    file: Path
    line: int
    known: str
    offered: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The offered key is marked @revoked, or stands in the RevokedHostKeys file."""

    file: Path
    line: int
    offered: str


@dataclass(frozen=True, slots=True)
class OtherType:
    """The host is on record, but only with keys of other types. known: one of them, as `type fingerprint`."""

    file: Path
    line: int
    known: str
    offered: str


@dataclass(frozen=True, slots=True)
class Uncertified:
    """An authority is on record for this host, and the host offered a bare key that is not."""

    file: Path
    line: int
    offered: str


Verdict = Known | Unknown | Changed | Revoked | OtherType | Uncertified


@dataclass(frozen=True, slots=True)
class OnRecord:
    """The lines about one host.

    keys: bare keys under the name that ssh looks up; plain: those under its name without the port; authorities,
    revoked: marked lines, revoked ones under any of its names.
    """

    keys: tuple[Entry, ...] = ()
    plain: tuple[Entry, ...] = ()
    authorities: tuple[Entry, ...] = ()
    revoked: tuple[Entry, ...] = ()

    @property
    def key_types(self) -> tuple[str, ...]:
        """The types of the bare keys on record, to be asked for first."""
        return tuple(dict.fromkeys(entry.key_type for entry in (*self.keys, *self.plain)))

    def judge(self, key_type: str, key: bytes) -> Verdict:
        """Compare an offered bare key with what is on record. Revocation wins."""
        offered = fingerprint(key)
        for entry in self.revoked:
            if entry.key == key:
                return Revoked(entry.file, entry.line, offered)
        for entry in (*self.keys, *self.plain):
            if entry.key == key:
                return Known(entry)
        for entry in self.keys:
            if entry.key_type == key_type:
                return Changed(entry.file, entry.line, fingerprint(entry.key), offered)
        for entry in self.keys:
            known = f"{entry.key_type} {fingerprint(entry.key)}"
            return OtherType(entry.file, entry.line, known, offered)
        for entry in self.authorities:
            return Uncertified(entry.file, entry.line, offered)
        return Unknown()


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """What the known_hosts files say together. warnings: one sentence for each line that was skipped."""

    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()

    def about(self, names: Names) -> OnRecord:
        """The lines that cover a host, each file's in its own order."""
        looked_up = self._under(names.lookup)
        plain = self._under(names.plain) if names.plain else []
        elsewhere = [entry for name in names.addresses for entry in self._under(name)]
        return OnRecord(
            keys=tuple(e for e in looked_up if not e.marker),
            plain=tuple(e for e in plain if not e.marker),
            authorities=tuple(e for e in (*looked_up, *plain) if e.marker == "@cert-authority"),
            revoked=tuple(e for e in (*looked_up, *plain, *elsewhere) if e.marker == "@revoked"),
        )

    def _under(self, name: str) -> list[Entry]:
        return [entry for entry in self.entries if matches(entry.hosts, name)]


def read(files: Iterable[Path], *, revoked_keys: Path | None = None) -> KnownHosts:
    """Read known_hosts files in order; one that does not exist is empty, as in ssh.

    revoked_keys: the RevokedHostKeys file, a public key on each line; it must exist, as in ssh, and a binary revocation
    list cannot be read here. Raises OSError when a file is there but cannot be read: then no key could be trusted.
    """
    entries: list[Entry] = []
    warnings: list[str] = []
    for file in files:
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            continue
        _read_lines(data, file, entries, warnings)
    if revoked_keys is not None:
        data = revoked_keys.read_bytes()
        if data.startswith(b"SSHKRL\n\0"):
            raise OSError(0, "it is a binary key revocation list, which tai cannot read", str(revoked_keys))
        # Each line is a bare public key; as known_hosts lines they are revoked for every host.
        _read_lines(data, revoked_keys, entries, warnings, prefix="@revoked * ")
    return KnownHosts(tuple(entries), tuple(warnings))


def matches(hosts: str, name: str) -> bool:
    """Whether a line's host field covers a name: hashed, or a list of patterns with * ? and !, in any case."""
    if hosts.startswith("|1|"):
        return _hashed_as(hosts, name)
    found = False
    for pattern in hosts.lower().split(","):
        negated = pattern.startswith("!")
        if _fits(pattern.removeprefix("!"), name):
            if negated:
                return False
            found = True
    return found


def fingerprint(key: bytes) -> str:
    """`SHA256:` and unpadded base64, as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def line_for(name: str, key_type: str, key: bytes, *, hashed: bool) -> bytes:
    """The line to add for a host. hashed: hide the name, as HashKnownHosts does."""
    if hashed:
        salt = secrets.token_bytes(20)  # as long as the digest, as in OpenSSH
        digest = hmac.digest(salt, name.encode(), "sha1")
        name = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    return f"{name} {key_type} {base64.b64encode(key).decode()}\n".encode()


def _read_lines(data: bytes, file: Path, entries: list[Entry], warnings: list[str], prefix: str = "") -> None:
    for number, raw in enumerate(data.split(b"\n"), start=1):
        text = raw.decode("utf-8", "replace").strip()
        if not text or text.startswith("#"):
            continue
        entry = _parse_line(prefix + text, file, number)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            warnings.append(f"{file}:{number} is skipped: {entry}")


def _parse_line(text: str, file: Path, number: int) -> Entry | str:
    words: Sequence[str] = text.split(None, 4)
    marker: Marker = ""
    if words[0].startswith("@"):
        known_markers: dict[str, Marker] = {"@revoked": "@revoked", "@cert-authority": "@cert-authority"}
        if words[0] not in known_markers:
            return "its marker is not known"
        marker, words = known_markers[words[0]], words[1:]
    if len(words) < 3:
        return "it is not a known_hosts line"
    hosts, key_type, encoded = words[:3]
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return "its key is not base64"
    # The blob begins with its own type as a length-prefixed string (RFC 4253, section 6.6).
    said = key_type.encode("utf-8", "replace")
    if key[:4] != len(said).to_bytes(4, "big") or key[4 : 4 + len(said)] != said:
        return "its key is damaged or of another type than it says"
    return Entry(file, number, marker, hosts, key_type, key)


def _hashed_as(hosts: str, name: str) -> bool:
    parts = hosts.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, digest = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)


def _fits(pattern: str, name: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    return (
        re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), name, re.DOTALL)
        is not None
    )


def _normal(host: str) -> str:
    """Lower case, no trailing dot, and an IP address in its usual spelling."""
    host = host.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host


def _with_port(host: str, port: int) -> str:
    return host if port == 22 else f"[{host}]:{port}"
