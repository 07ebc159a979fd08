"""The stand-in for `ssh -G` where no OpenSSH client is installed: asyncssh's own reader of ~/.ssh/config.

It knows fewer settings and reads no system-wide file; `tai.transport.ssh.settings.NO_CLIENT` tells the user.
"""

from __future__ import annotations

from collections.abc import Mapping

from tai.errors import HostError
from tai.transport.ssh.home import account_name, home
from tai.transport.ssh.loader import config

_READ: Mapping[str, str] = {
    # `ssh -G` keyword: asyncssh's name, both as in ssh_config(5)
    "hostname": "Hostname",
    "identityfile": "IdentityFile",
    "certificatefile": "CertificateFile",
    "identitiesonly": "IdentitiesOnly",
    "identityagent": "IdentityAgent",
    "userknownhostsfile": "UserKnownHostsFile",
    "globalknownhostsfile": "GlobalKnownHostsFile",
    "hostkeyalias": "HostKeyAlias",
    "connecttimeout": "ConnectTimeout",
    "bindaddress": "BindAddress",
    "proxycommand": "ProxyCommand",
    "proxyjump": "ProxyJump",
    "user": "User",
    "port": "Port",
}
_MANY = frozenset({"identityfile", "certificatefile"})
_DEFAULTS: Mapping[str, list[str]] = {
    "identityfile": ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"],
    "userknownhostsfile": ["~/.ssh/known_hosts ~/.ssh/known_hosts2"],
    "globalknownhostsfile": ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
}


def ask_asyncssh(
    host: str, name: str, *, user: str | None, port: int | None, jump: str | None, use_config: bool
) -> dict[str, list[str]]:
    """The same keyword → values as `ssh -G` would give, as far as asyncssh reads them. Raises HostError for a bad file."""
    file = home() / ".ssh" / "config"
    try:
        read = config.SSHClientConfig.load(
            None, [file] if use_config and file.is_file() else [], False, False, False,
            account_name(), user or (), name, port or (),
        )  # fmt: skip
    except (ValueError, OSError) as error:
        raise HostError(
            host, f"{file}: {error}", "Correct it, or use --ignore-ssh-config.", hop=name
        ) from None
    said = dict(_DEFAULTS)
    for keyword, option in _READ.items():
        value = read.get(option)
        if value is not None:
            said[keyword] = _spelled(keyword, value)
    for keyword, given in (("user", user), ("port", port), ("proxyjump", jump)):
        if given is not None:
            said[keyword] = [str(given)]
    return said


def _spelled(keyword: str, value: object) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if not isinstance(value, list):
        return [str(value)]
    words = [str(word) for word in value]
    return words if keyword in _MANY else [" ".join(words) or "none"]
