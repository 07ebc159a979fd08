"""A tap on tai's own connection: what each command was answered, byte for byte. It changes nothing on the way."""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import subprocess
from pathlib import Path

from tai.demo.spelling import key_for, key_of
from tai.errors import PolicyRefusal
from tai.policy.wire import Wire
from tai.transport.base import Completed, Connection
from tai.transport.ssh.connection import SSHConnection

_SHORTEST_NAME = 4  # a machine that is called `vm` gives nothing away
_SHORTEST_WORD = 7
_ON_MANY = ("127.", "10.20.0.", "10.0.2.", "console=", "fe80:", "random.", "mitigations=")
_NAME = socket.gethostname()


def _own_words() -> list[str]:
    """What only this machine is called by: its addresses and name servers, its kernel's command line, its ids."""
    words: set[str] = set()
    for family in ("-4", "-6"):
        told = subprocess.run(
            ["ip", "-o", family, "address"], capture_output=True, text=True, check=False
        ).stdout
        words |= {line.split()[3].partition("/")[0] for line in told.splitlines()}
    for file in ("/etc/resolv.conf", "/proc/cmdline", "/etc/machine-id", "/sys/class/dmi/id/product_uuid"):
        with contextlib.suppress(OSError):
            words |= {word for word in Path(file).read_text().split() if re.search(r"\d", word)}
    # Too short, or the same on many: `ro`, `quiet`, 127.0.0.1, and what labs and emulated machines are given.
    return [word for word in sorted(words) if len(word) >= _SHORTEST_WORD and not word.startswith(_ON_MANY)]


_OUTSIDE = re.compile(
    r"/work/|/root/\.(?!ssh)|/tmp/tai-|firecracker|vm-fixtures|pyenv|http_proxy|https?://[\w.-]+(?:/[\w.-]+)*/debian\b"
    + (rf"|\b{re.escape(_NAME)}\b" if len(_NAME) >= _SHORTEST_NAME else "")
    + "".join(rf"|(?<![\w.]){re.escape(word)}(?![\w])" for word in _own_words())
)


def names_the_outside(said: bytes) -> bool:
    """Whether an output tells of the machine that the host runs on, or of where its packages came from: not to be kept."""
    return bool(_OUTSIDE.search(said.decode("utf-8", "replace")))


class Tap(Connection):
    """A connection that notes every command with its end. heard: by the text that was sent, the last one counts."""

    def __init__(self, inner: SSHConnection) -> None:
        self.inner = inner
        self.host = inner.host
        self.sandbox = inner.sandbox
        self.notes = inner.notes
        self.heard: dict[tuple[str, ...], Completed] = {}

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        done = await self.inner._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)  # noqa: SLF001 - a tap is a layer of it
        self.heard[self._argv_of(wire)] = done
        return done

    async def close(self) -> None:
        await self.inner.close()

    def _argv_of(self, wire: Wire) -> tuple[str, ...]:
        """The command within its sandbox: the tail of the words that, spelled again, gives the same text."""
        words = shlex.split((wire.stdin or b"").decode().removesuffix(" </dev/null\n") or wire.command)
        for start in range(len(words)):
            argv = tuple(words[start:])
            try:
                if key_for(argv, self.sandbox) == key_of(wire):
                    return argv
            except PolicyRefusal:
                continue  # still inside the sandbox's own words
        raise ValueError(f"no command of ours is spelled like this: {wire.command}")
