"""What asyncssh tells us while we log in to one hop: how far it came, the host's key, how login may be done.

Not a decision by itself: keys are judged by `HostKeyCheck`. The three `*_auth_requested` answers are always "nothing":
asyncssh then sends nothing, and we learn which methods the host would take, for the error message.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tai.transport.ssh.hostkey import HostKeyCheck
from tai.transport.ssh.loader import asyncssh


class Stage(Enum):
    """How far a login came, in the order of events."""

    CONNECTING = "connecting"
    GREETING = "waiting for the SSH greeting"
    KEY_EXCHANGE = "exchanging keys"
    LOGIN = "logging in"
    READY = "logged in"


class Client(asyncssh.SSHClient):
    """One hop's callbacks. on_tcp: called once when the TCP connection stands, because the login has its own clock."""

    def __init__(self, check: HostKeyCheck, on_tcp: Callable[[], None]) -> None:
        self.check = check
        self.methods: tuple[str, ...] = ()
        self.lost: str | None = None
        self._on_tcp = on_tcp
        self._connection: asyncssh.SSHClientConnection | None = None
        self._key_seen = False
        self._logged_in = False

    @property
    def stage(self) -> Stage:
        """Where it stands now, or stood when the connection ended."""
        if self._logged_in:
            return Stage.READY
        if self._key_seen:
            return Stage.LOGIN
        if self._connection is None:
            return Stage.CONNECTING
        return Stage.KEY_EXCHANGE if self._connection.get_extra_info("server_version") else Stage.GREETING

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn
        self._on_tcp()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = str(exc) if exc else "the connection was closed"

    def auth_completed(self) -> None:
        self._logged_in = True

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        del host, port
        self._key_seen = True
        return self.check.accepts(addr, key)

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        del host, addr, port
        self.check.refuses_authority(key)
        return False

    def public_key_auth_requested(self) -> None:
        self._note_methods()

    def password_auth_requested(self) -> None:
        self._note_methods()

    def kbdint_auth_requested(self) -> None:
        self._note_methods()

    def _note_methods(self) -> None:
        if self._connection is not None:
            offered = self._connection.get_server_auth_methods()
            self.methods = tuple(dict.fromkeys((*self.methods, *offered)))
