"""What tai does about a host's key: the same at every hop, and before anything of ours is sent.

Not the files (`known_hosts`, `record`). asyncssh is told that no key is known, so that each one comes here; only a host
certificate is left to it, with the authorities and revocations that known_hosts gives for this host.

A key that is not the one on record ends the connection in the middle of the key exchange: no authentication, no command,
and no switch to go on. A host without any record is accepted once and recorded, unless StrictHostKeyChecking is yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import assert_never

from tai.errors import HostError, HostKeyError
from tai.transport.ssh.known_hosts import (
    Changed,
    Entry,
    Known,
    KnownHosts,
    Names,
    OtherType,
    Revoked,
    Uncertified,
    Unknown,
    Verdict,
    fingerprint,
    read,
)
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.record import record
from tai.transport.ssh.resolve import Hop

_MITM = (
    "Someone may be sitting between you and the host (a man in the middle), or its key was replaced. "
    "Ask the host's owner, by another way than this connection, for its key's fingerprint"
)


class HostKeyCheck:
    """Judges the keys that one hop offers.

    error: why the last key was not accepted, None when it was. accepted_as: the accepted key and where it stands; '' while
    there is none. report: gets one line for each key that is recorded.
    Raises HostError, from the constructor, when a known_hosts file is there but cannot be read.
    """

    def __init__(self, host: str, hop: Hop, report: Callable[[str], None]) -> None:
        self._host = host
        self._hop = hop
        self._report = report
        self._settings = hop.settings
        self._names = Names.of(hop.settings.hostname, hop.settings.port, alias=hop.settings.host_key_alias)
        self._accepted: bytes | None = None
        self.error: HostKeyError | None = None
        self.accepted_as = ""
        known = self._read()
        self.warnings = known.warnings
        self.on_record = known.about(self._names)

    def trusted(
        self, host: str, address: str, port: int | None
    ) -> tuple[list[str], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
        """asyncssh's known_hosts callback: no plain key, so that each comes to `accepts`; authorities, and revoked keys.

        Revoked keys are given only beside authorities: a bare key's revocation is found in `accepts`, with its line.
        """
        del host, port
        record = self._read().about(self._with_address(address))
        authorities = _imported(record.authorities)
        return [], authorities, _imported(record.revoked) if authorities else []

    def accepts(self, address: str, key: asyncssh.SSHKey) -> bool:
        """Judge a bare key. Called again at each rekeying: then it must be the very same key."""
        blob, key_type = key.public_data, key.algorithm.decode()
        if self._accepted is not None:
            if blob != self._accepted:
                self.error = self._refused("it changed its key in the middle of the session", _MITM + ".")
            return blob == self._accepted
        self._names = self._with_address(address)
        verdict = self._read().about(self._names).judge(key_type, blob)
        if isinstance(verdict, Unknown) and not self._settings.strict_host_keys:
            verdict = self._record(key_type, blob)
        self.error = self._explain(verdict, f"{key_type} {fingerprint(blob)}")
        if self.error is None:
            self._accepted = blob
            where = verdict.entry.where if isinstance(verdict, Known) else "new here"
            self.accepted_as = f"{key_type} {fingerprint(blob)} ({where})"
        return self.error is None

    def refuses_authority(self, authority: asyncssh.SSHKey) -> None:
        """Note that the host's certificate is signed by an authority that is not on record for it."""
        self.error = self._refused(
            f"its certificate is signed by {authority.get_fingerprint()}, which is not an authority on record for it",
            f"Ask for the authority's key and add it as a @cert-authority line to {self._file_or_default()}.",
        )

    def refused_certificate(self, reason: str) -> HostKeyError:
        """The error for a certificate that asyncssh did not accept (expired, for another name, revoked)."""
        lines = ", ".join(entry.where for entry in (*self.on_record.authorities, *self.on_record.revoked))
        return self._refused(
            f"its host key or certificate is not accepted: {reason} (on record: {lines})",
            "Ask the host's owner for a key or certificate that is valid; tai does not go on without.",
        )

    def _record(self, key_type: str, blob: bytes) -> Verdict:
        """Write down a first contact. Unknown when this process may go on as the first, else what another one wrote."""
        said = f"new host key of {self._names.lookup} ({key_type} {fingerprint(blob)})"
        file = self._file()
        if file is None:
            self._report(f"accepted {said}; ssh's configuration names no file to record it in")
            return Unknown()
        try:
            verdict = record(
                file, self._names, key_type, blob, hashed=self._settings.hash_known_hosts, reread=self._read
            )
        except OSError as error:
            self._report(f"accepted {said}, but it could not be recorded in {file}: {error.strerror}")
            return Unknown()
        if isinstance(verdict, Unknown):
            self._report(f"recorded {said} in {file}")
        return verdict

    def _explain(self, verdict: Verdict, offered: str) -> HostKeyError | None:
        mitm = f"{_MITM}. Only if it is the one shown now"
        match verdict:
            case Known():
                return None
            case Unknown():
                if not self._settings.strict_host_keys:
                    return None
                cause = f"its key {offered} is not on record, and StrictHostKeyChecking is yes"
                remedy = f"Compare the fingerprint with the host's owner, then add the key to {self._file_or_default()}."
            case Changed(file, line, known):
                cause = f"its host key has changed: {file}:{line} has {known}, it now shows {offered}"
                remedy = f"{mitm}, forget the old one: {self._forget(file)}"
            case Revoked(file, line):
                cause = f"its host key {offered} is revoked ({file}:{line})"
                remedy = "Whoever has that key may not be the host. Ask the host's owner for its new key."
            case OtherType(file, line, known):
                cause = (
                    f"it shows a host key of another type than is on record: {file}:{line} has {known}, "
                    f"it now shows {offered}"
                )
                remedy = f"{mitm}, forget the old one: {self._forget(file)}"
            case Uncertified(file, line):
                cause = f"an authority is on record for it ({file}:{line}), but its key has no certificate: {offered}"
                remedy = f"{mitm}, add the key to {self._file_or_default()}."
            case _:
                assert_never(verdict)
        return self._refused(cause, remedy)

    def _refused(self, cause: str, remedy: str) -> HostKeyError:
        return HostKeyError(self._host, cause, remedy, hop=self._hop.name)

    def _forget(self, file: Path) -> str:
        return f"ssh-keygen -f '{file}' -R '{self._names.lookup}'"

    def _file(self) -> Path | None:
        """Where ssh itself would record a new key; None for `none` and for things like /dev/null."""
        file = next(iter(self._settings.known_hosts), None)
        return None if file is None or (file.exists() and not file.is_file()) else file

    def _file_or_default(self) -> str:
        return str(self._file() or "~/.ssh/known_hosts")

    def _with_address(self, address: str) -> Names:
        settings = self._settings
        return Names.of(settings.hostname, settings.port, alias=settings.host_key_alias, address=address)

    def _read(self) -> KnownHosts:
        settings = self._settings
        files = [
            file for file in (*settings.known_hosts, *settings.global_known_hosts) if not _is_device(file)
        ]
        try:
            return read(files, revoked_keys=settings.revoked_host_keys)
        except OSError as error:
            raise HostError(
                self._host,
                f"{error.filename} cannot be read ({error.strerror}), so no host key could be checked",
                "Make it readable, or correct the setting in ssh's configuration that names it.",
                hop=self._hop.name,
            ) from None


def _is_device(file: Path) -> bool:
    return file.is_char_device()  # /dev/null, the usual way to have no known hosts


def _imported(entries: Iterable[Entry]) -> list[asyncssh.SSHKey]:
    """Keys as asyncssh holds them; a type that it does not know cannot be offered either."""
    keys: list[asyncssh.SSHKey] = []
    for entry in entries:
        try:
            keys.append(asyncssh.import_public_key(entry.public_line))
        except asyncssh.KeyImportError:
            continue
    return keys
