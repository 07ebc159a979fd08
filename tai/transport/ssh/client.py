"""What asyncssh tells us while we log in to one hop: how far it came, the host's key, how login may be done.

Not a decision by itself: keys are judged by `HostKeyCheck`. The three `*_auth_requested` answers are always "nothing":
asyncssh then sends nothing, and we learn which methods the host would take, for the error message.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tai.transport.ssh.hostkey import HostKeyCheck
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.spoken import clean


class Stage(Enum):
    """How far a login came, in the order of events."""

    CONNECTING = "connecting"
    GREETING = "waiting for the SSH greeting"
    KEY_EXCHANGE = "exchanging keys"
    LOGIN = "logging in"
    READY = "logged in"


class Client(asyncssh.SSHClient):
    """One hop's callbacks. on_tcp: called once when the TCP connection stands, because the login has its own clock.

    has_keys: there are key pairs to offer. watch: gets each stage that is done, with what there is to say of it.
    """

    def __init__(
        self,
        check: HostKeyCheck,
        on_tcp: Callable[[], None],
        watch: Callable[[Stage, str], None],
        *,
        has_keys: bool,
    ) -> None:
        self.check = check
        self.methods: tuple[str, ...] = ()
        self.lost: str | None = None
        self._on_tcp = on_tcp
        self._watch = watch
        self._has_keys = has_keys
        self._connection: asyncssh.SSHClientConnection | None = None
        self._key_seen = False
        self._is_trusted = False
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
        if self._has_keys:
            # The server is not asked first how one may log in (the method `none` of RFC 4252): a key pair is all that tai
            # has, and the refusal of one tells the methods as well. That spares each login a round trip.
            conn._auth_methods = [b"publickey"]  # noqa: SLF001 - asyncssh has no setting for it
        self._on_tcp()
        peer = conn.get_extra_info("peername")
        self._watch(Stage.CONNECTING, f"{peer[0]} port {peer[1]}" if peer else "through a program")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = str(exc) if exc else "the connection was closed"

    def auth_completed(self) -> None:
        self._logged_in = True
        self._trusted()
        user = self._connection.get_extra_info("username") if self._connection is not None else ""
        self._watch(Stage.LOGIN, f"as {user}, with a key pair")

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

    def _trusted(self) -> None:
        """The key exchange is over, and the host's key was accepted: by `check`, or by its authority's certificate."""
        if self._connection is None or self._is_trusted:
            return
        self._is_trusted = self._key_seen = True
        told = self._connection.get_extra_info
        self._watch(Stage.GREETING, clean(f"{told('server_version')}, {told('send_cipher')}"))
        self._watch(Stage.KEY_EXCHANGE, self.check.accepted_as or "a certificate of an authority on record")

    def _note_methods(self) -> None:
        """The methods that the host still takes. Asked for only once every key pair was refused, so it has named them."""
        self._trusted()
        if self._connection is not None:
            offered = self._connection.get_server_auth_methods()
            self.methods = tuple(dict.fromkeys((*self.methods, *offered)))
