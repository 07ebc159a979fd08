"""What a lab of test hosts is, whatever runs it. Not an implementation: those are `nspawn` and `qemu`.

A launcher starts all hosts of a lab, gives back how to reach each, and takes all of them away again.
"""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from image import Image


@dataclass(frozen=True, slots=True)
class Volume:
    """A filesystem of its own on the host. mount: an existing directory, whose content moves in; size_mb: MiB.

    bad_reads: sectors of 512 bytes that cannot be read. journal_fails_at: how far into the filesystem's journal, from 0 to 1,
    is a place that cannot be written. Both are for launchers that can show `io-error`.
    """

    mount: str
    size_mb: int
    bad_reads: tuple[int, ...] = ()
    journal_fails_at: float | None = None


@dataclass(frozen=True, slots=True)
class HostSpec:
    """What to start. name: its host name; jump: the host of the lab that alone reaches it, None for the client itself."""

    name: str
    image: Image
    volumes: tuple[Volume, ...] = ()
    jump: str | None = None


@dataclass(frozen=True, slots=True)
class Lab:
    """Hosts that run together. Those behind the same jump host reach each other, and know each other by name.

    Raises ValueError when a name stands twice, or a jump host does not come before those behind it.
    """

    name: str
    hosts: tuple[HostSpec, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for host in self.hosts:
            if host.name in known:
                raise ValueError(f"{self.name}: {host.name} stands twice")
            if host.jump is not None and host.jump not in known:
                raise ValueError(
                    f"{self.name}: {host.name} is behind {host.jump}, which does not come before it"
                )
            known.add(host.name)


@dataclass(frozen=True, slots=True)
class LabHost:
    """A running host. address, port: where its sshd answers, as seen from the jump host or else from here.

    user: the engineer's account (root takes the key too). key: private key file. known_hosts: file that holds the keys of
    all hosts of the lab, as `[address]:port`. config: for `ssh -F`, knows all hosts by name. jump: the host to go through.
    """

    name: str
    address: str
    port: int
    user: str
    key: Path
    known_hosts: Path
    config: Path
    jump: LabHost | None = None

    @property
    def way(self) -> str | None:
        """What to give to `-J`, the first hop first; None where no jump is needed."""
        if self.jump is None:
            return None
        before = f"{self.jump.way}," if self.jump.way else ""
        return f"{before}{self.jump.user}@{self.jump.address}:{self.jump.port}"

    def ssh(self, command: str, *, user: str = "root", stdin: str = "", timeout_s: float = 60) -> str:
        """Standard output of a command line. Raises RuntimeError with what it said when it fails, TimeoutExpired."""
        done = subprocess.run(
            ["ssh", "-F", str(self.config), "-l", user, "-T", self.name, command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        if done.returncode:
            raise RuntimeError(
                f"{self.name}: {command!r} ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        return done.stdout

    def script(self, text: str, *, timeout_s: float = 300) -> str:
        """Run a shell script of ours on the host as root, from standard input: it leaves no file there."""
        return self.ssh("sh -s", stdin=text, timeout_s=timeout_s)


def write_access(
    hosts: Mapping[str, LabHost], host_keys: Mapping[str, str], *, connect_timeout_s: int = 5
) -> None:
    """Write the files that `LabHost.known_hosts` and `config` name. host_keys: `type base64` by host name.

    connect_timeout_s: until a host's sshd has said its first words.
    """
    known, config = [], []
    for name, host in hosts.items():
        known.append(f"[{host.address}]:{host.port} {host_keys[name]}\n")
        if host.port == 22:  # which OpenSSH writes and looks for without brackets
            known.append(f"{host.address} {host_keys[name]}\n")
        words = {
            "HostName": host.address,
            "Port": host.port,
            "User": host.user,
            **({"ProxyJump": host.jump.name} if host.jump else {}),
        }
        config.append(f"Host {name}\n" + "".join(f"    {key} {value}\n" for key, value in words.items()))
    first = next(iter(hosts.values()))
    config.append(
        f"Host *\n    IdentityFile {first.key}\n    UserKnownHostsFile {first.known_hosts}\n"
        "    GlobalKnownHostsFile none\n    StrictHostKeyChecking yes\n    IdentitiesOnly yes\n    BatchMode yes\n"
        f"    ConnectTimeout {connect_timeout_s}\n"
    )
    first.known_hosts.write_text("".join(known))
    first.config.write_text("\n".join(config))


def make_key(file: Path) -> None:
    """A new ed25519 key without a passphrase, and beside it its public half, `.pub`."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", str(file)], check=True
    )


def public_half(key: Path) -> str:
    """`type base64`."""
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


class Launcher(ABC):
    """One lab. As a context manager it is up inside the block, and gone after it whatever happened."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    @abstractmethod
    def up(self) -> Mapping[str, LabHost]:
        """Start it and wait until every host has booted and answers over ssh; the hosts by name, in the lab's order.

        Raises RuntimeError, with what the host said last, when one does not come.
        """

    @abstractmethod
    def down(self) -> None:
        """Stop it and leave nothing: no process, mount, loop device, cgroup, namespace or file. Safe to call twice."""

    def __enter__(self) -> Mapping[str, LabHost]:
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
