"""What a test host is, whatever runs it. Not an implementation: that is `nspawn` (and others, later).

A launcher makes one host, gives back how to reach it, and takes all of it away again.
"""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from image import Image


@dataclass(frozen=True, slots=True)
class Volume:
    """A filesystem of its own on the host. mount: an existing directory, whose content moves in; size_mb: MiB."""

    mount: str
    size_mb: int


@dataclass(frozen=True, slots=True)
class HostSpec:
    """What to start. name: its host name."""

    name: str
    image: Image
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class LabHost:
    """A running host. address, port: where its sshd answers; user: the engineer's account (root takes the key too).

    key: private key file; known_hosts: file that holds the host's key under `[address]:port`.
    """

    name: str
    address: str
    port: int
    user: str
    key: Path
    known_hosts: Path

    def ssh(self, command: str, *, user: str = "root", stdin: str = "", timeout_s: float = 60) -> str:
        """Standard output of a command line. Raises RuntimeError with what it said when it fails, TimeoutExpired."""
        argv = ["ssh", "-F", "none", "-i", str(self.key), "-p", str(self.port), "-l", user, "-T"]
        for option in (
            f"UserKnownHostsFile={self.known_hosts}",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "ConnectTimeout=5",
        ):
            argv += ["-o", option]
        argv += [self.address, command]
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, timeout=timeout_s
        )
        if done.returncode:
            raise RuntimeError(
                f"{self.name}: {command!r} ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        return done.stdout

    def script(self, path: Path, *, timeout_s: float = 300) -> str:
        """Run a shell script of ours on the host as root, from standard input: it leaves no file there."""
        return self.ssh("sh -s", stdin=path.read_text(), timeout_s=timeout_s)


class Launcher(ABC):
    """One host. As a context manager it is up inside the block, and gone after it whatever happened."""

    @abstractmethod
    def up(self) -> LabHost:
        """Start it and wait until its boot has ended and ssh answers. Raises RuntimeError when that does not come."""

    @abstractmethod
    def down(self) -> None:
        """Stop it and leave nothing: no process, mount, loop device, cgroup, namespace or file. Safe to call twice."""

    def __enter__(self) -> LabHost:
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
