"""Names of hosts that ssh knows, for completion only: `Host` lines of its configuration, and known_hosts.

Not how a host is resolved (`ssh -G`, in `tai.transport.ssh.resolve`) nor how its key is judged (`tai.transport.ssh.known_hosts`).
What is missed here, such as hashed names and hosts of a `Match exec`, is only not offered. Imports nothing heavy: the shell waits.
"""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

_DEPTH = 4  # of Include in Include; OpenSSH allows 16, and a completion need not follow all
# A bastion's known_hosts can hold a fleet; past this size a shell would rather have fewer names than wait.
_MOST_BYTES = 4_000_000


def ssh_hosts(home: Path | None = None) -> list[str]:
    """Host names and aliases, each once: ssh's configuration in its order, then known_hosts. home: the user's, by default."""
    ssh = (home or Path.home()) / ".ssh"
    names: dict[str, None] = {}
    for file in (ssh / "config", Path("/etc/ssh/ssh_config")):
        names.update(dict.fromkeys(_configured(file, ssh, _DEPTH)))
    for file in (ssh / "known_hosts", ssh / "known_hosts2", Path("/etc/ssh/ssh_known_hosts")):
        names.update(dict.fromkeys(_known(file)))
    return list(names)


def _configured(file: Path, ssh: Path, depth: int) -> Iterator[str]:
    for line in _lines(file):
        # ssh_config(5): `keyword arguments` or `keyword=arguments`, arguments in double quotes where they hold spaces.
        keyword, _, rest = re.sub(r"\s*=\s*|\s+", " ", line.strip(), count=1).partition(" ")
        if keyword.lower() not in ("host", "include"):
            continue
        try:
            words = shlex.split(rest, comments=True)
        except ValueError:
            continue
        if keyword.lower() == "host":
            yield from (word for word in words if not re.search(r"[*?!]", word))
        elif depth:
            base = ssh if file.is_relative_to(ssh) else file.parent
            for word in words:
                for found in sorted(glob.glob(str(base / Path(word).expanduser()))):  # noqa: PTH207 - absolute, or below base
                    yield from _configured(Path(found), ssh, depth - 1)


def _known(file: Path) -> Iterator[str]:
    """sshd(8): `[@marker] name,name,[name]:port type key`; hashed names begin with `|`."""
    for line in _lines(file):
        words = line.split(None, 2)
        if not words or words[0].startswith(("#", "@")):
            continue
        for name in words[0].split(","):
            bare = re.sub(r"^\[(.*)\]:\d+$", r"\1", name)
            if bare and not re.search(r"[*?!|]", bare):
                yield bare


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            yield from stream.read(_MOST_BYTES).splitlines()
    except OSError:
        return
