"""Where the model server is, and whether evidence from hosts may go there. Not a connection: see `tai.llm.http`.

The rule: on its own, tai talks to a server on this machine or in a private network. Anything else must be named in
`model_allow`. A name that is not listed there is resolved first, and the connection is looked at before a byte goes
through it, so that a name which turns out to be public is refused too.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import SplitResult, urlsplit

from tai.errors import ModelError

# Loopback; RFC 1918; RFC 4193 unique local; link-local (RFC 3927, RFC 4291). Left out on purpose: RFC 6598's shared
# space and the documentation and benchmark nets, which `ipaddress.is_private` counts in.
_NEAR = [
    ipaddress.ip_network(net)
    for net in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who vouches for an https server, and who tai is to it. ca: PEM file of CA certificates, None for this machine's store;
    certificate, key: PEM files of tai's own, key None where the certificate's file holds it.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that may be asked. root: URL without `/v1`, where vLLM keeps /tokenize; base: root + `/v1`.

    host: as in the URL, '' for a Unix socket; socket: its path, or ''; listed: `model_allow` names the host, so it may
    be anywhere and proxies from the environment apply. For others they do not: a proxy would hide where bytes go.
    """

    root: str
    base: str
    host: str
    socket: str = ""
    listed: bool = False

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"unix:{self.socket}" if self.socket else self.base


def is_near(address: str) -> bool:
    """Whether an IP address is on this machine or in a private network; False for what is no address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in net for net in _NEAR)


def parse(url: str, allow: tuple[str, ...] = ()) -> Endpoint:
    """Read `model_url`: `http(s)://HOST[:PORT][/PATH][/v1]` or `unix:/PATH`. Raises ModelError, also for a place
    that is neither near nor in `allow` (host names or `host:port`).
    """
    if url.startswith("unix:"):
        return _socket(url)
    parts = _split(url)
    host = (parts.hostname or "").lower()
    listed = {f"{host}:{parts.port}", host} & {entry.strip().lower() for entry in allow}
    if _is_address(host) and not listed and not is_near(host):
        raise ModelError(far(host))
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    base = path if re.search(r"/v\d+$", path) else f"{path}/v1"
    origin = f"{parts.scheme}://{parts.netloc}"
    return Endpoint(
        root=origin + base.rpartition("/v")[0], base=origin + base, host=host, listed=bool(listed)
    )


def far(host: str, address: str = "") -> str:
    """The refusal of a server that is neither near nor listed, in words."""
    where = f"{host} ({address})" if address else host
    return (
        f"The model server {where} is neither on this machine nor in a private network, and what tai read on your "
        f'hosts would go there; nothing was sent. To allow it, name it in the config file: model_allow = ["{host}"].'
    )


def _socket(url: str) -> Endpoint:
    path = re.sub(r"^unix:(//)?", "", url)
    if not path.startswith("/"):
        raise ModelError(f"model_url {url!r} does not name a Unix socket; the form is unix:/run/vllm.sock.")
    return Endpoint(root="http://localhost", base="http://localhost/v1", host="", socket=path)


def _split(url: str) -> SplitResult:
    wanted = "a URL such as http://127.0.0.1:8000/v1 or unix:/run/vllm.sock was expected."
    if not url.strip().isprintable():
        raise ModelError(f"model_url {url!r} holds characters that no URL can; {wanted}")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ModelError(f"model_url cannot be read ({error}); {wanted}") from None
    if "@" in parts.netloc:
        # Not repeated in the message: what stands before the @ is a secret.
        raise ModelError(
            "model_url holds a user name or password; put the key in model_key_file instead, or in TAI_MODEL_KEY."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        hint = f" Did you mean http://{url}?" if "//" not in url and parts.scheme not in {"", "file"} else ""
        raise ModelError(f"model_url {url!r} is not an HTTP address; {wanted}{hint}")
    if not _is_address(parts.hostname) and not _is_name(parts.hostname):
        raise ModelError(
            f"model_url {url!r} cannot be read: {parts.hostname!r} is no name that a host can have; {wanted}"
        )
    if parts.query or parts.fragment:
        raise ModelError(f"model_url {url!r} has a part after ? or #, which is not supported; {wanted}")
    return parts


def _is_name(host: str) -> bool:
    """Whether a host can have this name at all: labels of 1 to 63 letters (RFC 1035), and what is not ASCII as IDNA 2008 has it,
    which httpx insists on.
    """
    try:
        host.encode("idna")  # as Python's resolver does it
        if host.startswith("xn--"):
            _idna().decode(host)
        elif not host.isascii():
            _idna().encode(host)
    except UnicodeError:  # idna's own errors are of that kind too
        return False
    return host.isprintable() and " " not in host


def _idna() -> ModuleType:
    import idna  # noqa: PLC0415 - few hosts have such a name

    return idna


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
