"""From what asyncssh and the system raise to one HostError: what happened at which hop, and what to do about it.

The one map of foreign errors; `tests/transport/test_failures.py` proves it complete over asyncssh's exception classes.
Commands that fail on a host are not here: they are results, not errors.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tai.errors import HostError
from tai.transport.ssh.client import Client, Stage
from tai.transport.ssh.loader import asn1, asyncssh, packet, saslprep
from tai.transport.ssh.resolve import Hop
from tai.transport.ssh.spoken import clean


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at logging in to one hop, as far as an error message needs it.

    host: what the user asked for; before: the hop that we go through, None for the first; client: its callbacks' view,
    None when it never came to a connection; unused: keys that were not offered, each with its reason; offered: how many
    were; connect_s, login_s: the limits that ran.
    """

    host: str
    hop: Hop
    before: Hop | None = None
    client: Client | None = None
    offered: int = 0
    unused: Sequence[str] = ()
    connect_s: float = 0.0
    login_s: float = 0.0

    @property
    def address(self) -> str:
        settings = self.hop.settings
        return f"{settings.hostname} port {settings.port}"

    @property
    def stage(self) -> Stage:
        return self.client.stage if self.client is not None else Stage.CONNECTING


Explanation = tuple[str, str]
"""(cause, remedy), each a sentence; the cause without its full stop."""

FOREIGN: Final = (asyncssh.Error, OSError, ValueError, EOFError)
"""What a login may raise because of the network, the server or a key; anything else is a bug of ours."""


def explain(error: BaseException, attempt: Attempt) -> HostError:
    """The HostError for a foreign error. A HostKeyError that stands behind it comes first."""
    client = attempt.client
    if client is not None and client.check.error is not None:
        return client.check.error
    if client is not None and isinstance(error, asyncssh.HostKeyNotVerifiable):
        return client.check.refused_certificate(clean(error.reason))
    for kind in type(error).__mro__:
        if kind in CAUSES:
            cause, remedy = CAUSES[kind](error, attempt)
            # sshd that has too many logins under way (MaxStartups) closes the connection before it says a word.
            passing = CAUSES[kind] is _dropped and attempt.stage in (Stage.CONNECTING, Stage.GREETING)
            return HostError(attempt.host, cause, remedy, hop=attempt.hop.name, passing=passing)
    raise error


def for_host(error: HostError, host: str) -> HostError:
    """The same failure as `host` meets it, when it was met on the way to another host behind the same hop."""
    if error.host == host:
        return error
    return type(error)(host, error.cause, error.remedy, hop=error.hop, passing=error.passing)


def proxy_command_refused(host: str, hop: Hop) -> HostError:
    """A ProxyCommand is an arbitrary local program between us and the host: tai runs it only where the user says so."""
    return HostError(
        host,
        f"ssh's configuration reaches it through ProxyCommand {clean(hop.settings.proxy_command)}, which tai does not run "
        "by itself",
        "Give the way as jump hosts, with ProxyJump in the configuration or with -J; or allow the program for this host "
        f'in tai\'s own configuration: [hosts."{hop.name}"] proxy_command = true.',
        hop=hop.name,
    )


def _timeout(error: BaseException, attempt: Attempt) -> Explanation:
    del error
    match attempt.stage:
        case Stage.CONNECTING:
            return (
                f"no connection to {attempt.address} within {attempt.connect_s:g} s",
                "A firewall may drop the packets, or the host is down; check the address, or go by a jump host (-J).",
            )
        case Stage.GREETING:
            return (
                f"{attempt.address} accepted the connection but sent no SSH greeting within {attempt.login_s:g} s",
                "The host may be overloaded, or something other than sshd listens there; check the port.",
            )
        case stage:
            return (
                f"{attempt.address} did not finish {stage.value} within {attempt.login_s:g} s",
                "The host may be overloaded, or its login asks a server (DNS, LDAP) that does not answer.",
            )


def _resolution(error: BaseException, attempt: Attempt) -> Explanation:
    reason = error.strerror if isinstance(error, OSError) else None
    return (
        f"the name {attempt.hop.settings.hostname} cannot be resolved here ({reason or error})",
        "Check the spelling and DNS; a name that only a bastion knows needs -J or ProxyJump.",
    )


def _refused(error: BaseException, attempt: Attempt) -> Explanation:
    del error
    return (
        f"{attempt.address} refused the connection",
        "Check that sshd runs there and that the port is right (-p).",
    )


_SYSTEM: Mapping[int, str] = {
    errno.ENETUNREACH: "there is no route to its network from here",
    errno.EHOSTUNREACH: "there is no route to it from here",
    errno.EADDRNOTAVAIL: "the address to connect from (BindAddress) is not on this machine",
    errno.ETIMEDOUT: "the connection timed out",
}


def _system(error: BaseException, attempt: Attempt) -> Explanation:
    number = error.errno if isinstance(error, OSError) else None
    # asyncio puts several failed addresses into one OSError without a number; its text then names each.
    reason = _SYSTEM.get(number or 0) or (isinstance(error, OSError) and error.strerror) or clean(str(error))
    return f"cannot connect to {attempt.address}: {reason}", "Check the network, or go by a jump host (-J)."


_OLD_ALGORITHMS = "tai speaks no algorithm that rests on SHA-1 or DSA; a host that speaks nothing else needs a newer sshd or host key."


def _dropped(error: BaseException, attempt: Attempt) -> Explanation:
    said = clean(getattr(error, "reason", "") or str(error))
    if "too many authentication failures" in said.lower():
        return (
            f"it ended the login after too many keys: {attempt.offered} were offered",
            "Name the right key with -i and set IdentitiesOnly yes for this host.",
        )
    if attempt.stage in (Stage.CONNECTING, Stage.GREETING):
        return (
            f"{attempt.address} closed the connection before the SSH greeting",
            "sshd may be refusing new connections for now (MaxStartups, fail2ban, a full disk); try again shortly.",
        )
    closed = f"the connection was closed while {attempt.stage.value}" + (f": {said}" if said else "")
    if attempt.stage is Stage.KEY_EXCHANGE:
        # A server that finds no algorithm of ours to its liking may hang up before we have read what it offers.
        return closed, f"{_OLD_ALGORITHMS} The host's sshd log tells why (journalctl -u ssh)."
    return closed, "The host's sshd log tells why (journalctl -u ssh)."


def _algorithms(error: BaseException, attempt: Attempt) -> Explanation:
    return (
        f"{attempt.address} and tai have no algorithm in common ({clean(getattr(error, 'reason', ''))})",
        _OLD_ALGORITHMS,
    )


def _protocol(error: BaseException, attempt: Attempt) -> Explanation:
    said = clean(getattr(error, "reason", "") or str(error))
    if "authentication failures" in said.lower():
        return _dropped(error, attempt)
    return (
        f"what {attempt.address} sent is not proper SSH ({said})",
        "Check the port: another service may listen there.",
    )


def _denied(error: BaseException, attempt: Attempt) -> Explanation:
    del error
    user = attempt.hop.settings.user
    methods = attempt.client.methods if attempt.client is not None else ()
    takes = f"the host takes {', '.join(methods)}" if methods else "the host names no method"
    keys = f"; not offered: {'; '.join(attempt.unused)}" if attempt.unused else ""
    if "publickey" not in methods:
        return (
            f"it does not let {user} log in with a key pair ({takes}), and tai uses key pairs only",
            f"Enable PubkeyAuthentication on the host and put your public key into {user}'s authorized_keys.",
        )
    if not attempt.offered:
        return f"there is no key pair to log in with ({takes}){keys}", _give_a_key(user)
    count = f"{attempt.offered} key pair{'s' if attempt.offered > 1 else ''}"
    return f"it accepted none of {count} offered for {user} ({takes}){keys}", _give_a_key(user)


def _user_name(error: BaseException, attempt: Attempt) -> Explanation:
    user = attempt.hop.settings.user
    return f"the user name {clean(user)!r} cannot be sent ({clean(str(error))})", "Give another with -l."


def _give_a_key(user: str) -> str:
    return f"Name your key with -i, or have its public half added to {user}'s authorized_keys on the host."


def _channel(error: BaseException, attempt: Attempt) -> Explanation:
    if attempt.before is None:
        return _dropped(error, attempt)
    said = clean(getattr(error, "reason", "") or str(error))
    code = getattr(error, "code", None)
    bastion = attempt.before.name
    if code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return (
            f"the jump host {bastion} does not allow connections to {attempt.address} ({said})",
            "AllowTcpForwarding and PermitOpen in the jump host's sshd_config decide about that.",
        )
    return (
        f"the jump host {bastion} could not connect to {attempt.address} ({said})",
        f"Check name and port as {bastion} sees them, and that sshd runs there.",
    )


def _key_file(error: BaseException, attempt: Attempt) -> Explanation:
    del attempt
    return f"a key could not be used ({clean(str(error))})", "Name another key with -i."


CAUSES: Final[Mapping[type[BaseException], Callable[[BaseException, Attempt], Explanation]]] = {
    TimeoutError: _timeout,
    socket.gaierror: _resolution,
    UnicodeError: _resolution,  # a name that IDNA cannot encode
    ConnectionRefusedError: _refused,
    ConnectionError: _dropped,
    EOFError: _dropped,
    OSError: _system,
    asyncssh.PermissionDenied: _denied,
    asyncssh.IllegalUserName: _denied,
    asyncssh.KeyExchangeFailed: _algorithms,
    asyncssh.ConnectionLost: _dropped,
    asyncssh.ServiceNotAvailable: _dropped,
    asyncssh.MACError: _protocol,
    asyncssh.CompressionError: _protocol,
    asyncssh.ProtocolError: _protocol,
    asyncssh.ProtocolNotSupported: _protocol,
    asyncssh.HostKeyNotVerifiable: _protocol,  # only without a client to ask; see explain
    asyncssh.ChannelOpenError: _channel,
    asyncssh.KeyImportError: _key_file,
    asyncssh.KeyEncryptionError: _key_file,
    asyncssh.DisconnectError: _dropped,
    asn1.ASN1Error: _protocol,
    packet.PacketDecodeError: _protocol,
    saslprep.SASLPrepError: _user_name,
    ValueError: _protocol,
}
