"""Whose ~/.ssh it is, and what ~ and % in ssh's paths stand for. The only reader of the environment in this package.

ssh looks the home directory up in the account database and ignores $HOME. Where the two differ (a test, `sudo -E`, a
container), tai follows $HOME for every file alike: files of ~/.ssh must not come from two homes.
"""

from __future__ import annotations

import getpass
import os
import pwd
import re
import socket
from dataclasses import dataclass
from pathlib import Path


def home() -> Path:
    """$HOME, else the account's home directory."""
    return Path.home()


def account_name() -> str:
    """The local account's name, which is the default user on the host."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no account
        return str(os.getuid())


def account_home() -> Path | None:
    """The home directory in the account database, which is the one that ssh uses; None without an account."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def rehomed(path: Path) -> Path:
    """A path that ssh named below the account's ~/.ssh, moved below $HOME/.ssh where the two homes differ."""
    account = account_home()
    if account is not None and account != home() and path.is_relative_to(account / ".ssh"):
        return home() / path.relative_to(account)
    return path


@dataclass(frozen=True, slots=True)
class Tokens:
    """What ~ and % stand for in a host's paths (ssh_config(5), "TOKENS")."""

    hostname: str
    name: str
    user: str
    port: str
    alias: str = ""

    def command(self, text: str) -> str:
        """A ProxyCommand, expanded; '' for none. Raises ValueError for a name that a shell would take for more than a name.

        A host's name may come from a ticket. OpenSSH refuses such names since 9.6 (ssh(1), "ProxyCommand").
        """
        if text.lower() in ("", "none"):
            return ""
        for value in (self.hostname, self.name, self.user, self.alias):
            if not re.fullmatch(r"[\w.:%@+,=/-]*", value, re.ASCII) or value.startswith("-"):
                raise ValueError(f"{value!r} is no name to put into a ProxyCommand")
        return self._expanded(text)

    def path(self, text: str) -> Path:
        """One path, expanded; a relative one is relative to the working directory, as in ssh."""
        text = self._expanded(text)
        text = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], match[0]), text)
        if text == "~" or text.startswith("~/"):
            return home() / text[2:]
        return rehomed(Path(text))

    def _expanded(self, text: str) -> str:
        values = {
            "%": "%",
            "d": str(home()),
            "h": self.hostname,
            "i": str(os.getuid()),
            "k": self.alias or self.name,
            "L": socket.gethostname().partition(".")[0],
            "l": socket.gethostname(),
            "n": self.name,
            "p": self.port,
            "r": self.user,
            "u": account_name(),
        }
        return re.sub(r"%(.)", lambda match: values.get(match[1], match[0]), text)

    def paths(self, text: str) -> tuple[Path, ...]:
        """A list separated by spaces; `none` is an empty one."""
        return () if text.lower() == "none" else tuple(self.path(part) for part in text.split())

    def agent(self, text: str) -> str | None:
        """IdentityAgent: `none`, a socket's path, or the name of a variable that holds one."""
        if text == "none":
            return None
        if text == "SSH_AUTH_SOCK":
            return os.environ.get("SSH_AUTH_SOCK") or None
        if text.startswith("$") and not text.startswith("${"):
            return os.environ.get(text[1:]) or None
        return str(self.path(text))
