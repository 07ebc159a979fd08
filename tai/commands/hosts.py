"""Host names that ssh knows on this machine, for completion. Not how a host is reached: `ssh -G` decides that.

A hashed known_hosts keeps its names to itself, so those cannot be completed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# A file with more lines than this is no person's list of hosts.
_MOST_LINES = 20_000
# Included files are followed so deep; ssh itself stops at 16.
_DEEPEST = 4


def known(folder: Path | None = None) -> Iterator[str]:
    """Aliases of `config`, then names of `known_hosts`, each once. folder: ~/.ssh."""
    ssh = folder or Path.home() / ".ssh"
    names = [*_aliases(ssh / "config", ssh, _DEEPEST), *_recorded(ssh / "known_hosts")]
    yield from dict.fromkeys(names)


def _aliases(file: Path, ssh: Path, depth: int) -> Iterator[str]:
    """The words behind Host that are no patterns."""
    for line in _lines(file):
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        match word.lower():
            case "host":
                yield from (name for name in rest.split() if not set(name) & set('*?!"'))
            case "include" if depth:
                for pattern in rest.split():
                    yield from _included(pattern, ssh, depth)
            case _:
                pass


def _included(pattern: str, ssh: Path, depth: int) -> Iterator[str]:
    below = Path(pattern).expanduser() if pattern.startswith("~") else ssh / pattern
    try:
        files = sorted(Path(below.anchor).glob(str(below.relative_to(below.anchor))))
    except (OSError, ValueError):
        return
    for file in files:
        yield from _aliases(file, ssh, depth - 1)


def _recorded(file: Path) -> Iterator[str]:
    for line in _lines(file):
        fields = line.split()
        if fields and fields[0].startswith("@"):
            fields = fields[1:]
        if not fields or fields[0].startswith(("#", "|")):
            continue
        for name in fields[0].split(","):
            # `[name]:2222` is a name at another port.
            bare = re.sub(r"^\[(.*)\]:[0-9]+$", r"\1", name)
            if bare and not set(bare) & set("*?!"):
                yield bare


def _lines(file: Path) -> Iterable[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return [line for line, _ in zip(opened, range(_MOST_LINES), strict=False)]
    except OSError:
        return ()
