"""A real OpenSSH server for tests, on loopback: its own port, host key, configuration and log, never the system's.

Use it through the fixtures, which a `conftest.py` takes over by importing them:

    from tests.sshd import client_home, sshd, sshd_factory

`client_home` is a fresh $HOME with a key pair in it; `sshd` a server that lets that key in as the user who runs the
tests; `sshd_factory` starts more of them, with other options. Run by root, each server lives in a mount namespace of its
own, over a changed copy of /etc/passwd, where the account has an empty home and the login shell that the test wants: the
machine's accounts stay as they are, and their start-up files out of the tests.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

_START_S = 10.0
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
IS_ROOT = os.geteuid() == 0
_CAN_ISOLATE = IS_ROOT and shutil.which("unshare") is not None


@dataclass(slots=True)
class Sshd:
    """A running server. user: the only account that it can log in; host_key: its private host key's file."""

    directory: Path
    port: int
    host_key: Path
    process: subprocess.Popen[bytes]
    user: str = field(default_factory=getpass.getuser)
    address: str = "127.0.0.1"
    _left: list[tuple[int, int]] = field(default_factory=list)  # sessions that outlive the server: pid, pidfd

    @property
    def log(self) -> str:
        """What the server has logged by now, at LogLevel DEBUG1."""
        return (self.directory / "log").read_text(errors="replace")

    @property
    def scratch(self) -> Path:
        """A directory that every account can write to."""
        return self.directory / "scratch"

    @property
    def logins(self) -> int:
        """How many logins it accepted."""
        return self.log.count("Accepted publickey for ")

    @property
    def host_public(self) -> str:
        """`type base64` of its host key, as in known_hosts."""
        return " ".join(Path(f"{self.host_key}.pub").read_text().split()[:2])

    def known_hosts_line(self, name: str | None = None) -> str:
        """The line that known_hosts should hold for it."""
        return f"{name or f'[{self.address}]:{self.port}'} {self.host_public}\n"

    def wait_for_log(self, text: str, *, times: int = 1, seconds: float = _START_S) -> None:
        """Wait until the log holds `text`, so many times; fails the test when it does not come."""
        deadline = time.monotonic() + seconds
        while self.log.count(text) < times:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"sshd never logged {text!r}:\n{self.log}")
            time.sleep(0.01)

    @property
    def serving(self) -> list[int]:
        """The processes that serve a connection each."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def wait_until_idle(self, *, seconds: float = _START_S) -> None:
        """Wait until no connection is left; fails the test when one stays."""
        deadline = time.monotonic() + seconds
        while left := self.serving:
            if time.monotonic() > deadline:
                pytest.fail(f"sshd still serves {left}:\n{self.log}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server. Sessions that it still has go on, as when any sshd is stopped; `remove` ends them."""
        if self.process.poll() is None:
            for pid in self.serving:
                with contextlib.suppress(ProcessLookupError):
                    self._left.append((pid, os.pidfd_open(pid)))
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=10)

    def remove(self) -> None:
        """End it, its sessions and what they run, and take away what it had on disk."""
        self.stop()
        for pid, descriptor in self._left:
            try:
                signal.pidfd_send_signal(
                    descriptor, 0
                )  # by its descriptor: the number may be another's by now
                for one in (*below(pid), pid):
                    os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
            finally:
                os.close(descriptor)
        self._left.clear()
        shutil.rmtree(self.directory)


def below(pid: int) -> list[int]:
    """The descendants of a process, the nearest first."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                found += [int(child), *below(int(child))]
    return found


@dataclass(frozen=True, slots=True)
class ClientHome:
    """A fresh home directory with ~/.ssh/id_ed25519 in it. $HOME points there; no agent is reachable."""

    path: Path

    @property
    def ssh(self) -> Path:
        return self.path / ".ssh"

    @property
    def key(self) -> Path:
        return self.ssh / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.ssh / "known_hosts"

    def configure(self, text: str) -> None:
        """Write ~/.ssh/config."""
        (self.ssh / "config").write_text(text)


class SshdFactory(Protocol):
    """Starts a server; it is stopped when the test ends."""

    def __call__(
        self,
        *options: str,
        host_key: Path | None = None,
        port: int | None = None,
        authorized: Sequence[Path] = (),
        user: str | None = None,
        shell: str | None = None,
        home: Path | None = None,
        over: Mapping[str, Path] | None = None,
        inside: Sequence[str] = (),
        address: str = "127.0.0.1",
    ) -> Sshd:
        """options: sshd_config lines that win over ours. host_key: another server's, to pose as it. port: likewise.

        authorized: public key files that may log in, the client home's own when empty. user: the account to log in to;
        `nobody` is one that a root-run sshd treats as it treats people (privilege separation, signals).
        over: files and directories that the server and its sessions see in place of the machine's, by path.
        inside: words that put it into another network (`tests.netlab`); address: where it listens there.
        """


def make_key(file: Path, *, kind: str = "ed25519", passphrase: str = "", pem: bool = False) -> Path:
    """Make a key pair with ssh-keygen. pem: in PKCS#8 instead of OpenSSH's own format. Returns `file`."""
    words = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "made for a test", "-f", str(file)]
    subprocess.run([*words, *(["-m", "PKCS8"] if pem else [])], check=True, stdin=subprocess.DEVNULL)
    return file


def public_of(key: Path) -> str:
    """The public half of a key pair, as one line with its end."""
    return Path(f"{key}.pub").read_text()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def client_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientHome:
    home = ClientHome(tmp_path / "home")
    home.ssh.mkdir(parents=True, mode=0o700)
    make_key(home.key)
    monkeypatch.setenv("HOME", str(home.path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


@pytest.fixture
def sshd_factory(client_home: ClientHome) -> Iterator[SshdFactory]:
    started: list[Sshd] = []

    def start(
        *options: str,
        host_key: Path | None = None,
        port: int | None = None,
        authorized: Sequence[Path] = (),
        user: str | None = None,
        shell: str | None = None,
        home: Path | None = None,
        over: Mapping[str, Path] | None = None,
        inside: Sequence[str] = (),
        address: str = "127.0.0.1",
    ) -> Sshd:
        server = start_sshd(
            *options,
            host_key=host_key,
            port=port,
            authorized=authorized or [Path(f"{client_home.key}.pub")],
            user=user,
            shell=shell,
            home=home,
            over=over,
            inside=inside,
            address=address,
        )
        started.append(server)
        return server

    yield start
    for server in started:
        server.remove()


@pytest.fixture
def sshd(sshd_factory: SshdFactory) -> Sshd:
    return sshd_factory()


@pytest.fixture
def people_sshd(sshd_factory: SshdFactory) -> Sshd:
    """A server for an account that is not root: sshd passes signals to commands only there."""
    return sshd_factory(user="nobody") if IS_ROOT else sshd_factory()


def start_sshd(
    *options: str,
    authorized: Sequence[Path],
    host_key: Path | None = None,
    port: int | None = None,
    user: str | None = None,
    shell: str | None = None,
    home: Path | None = None,
    over: Mapping[str, Path] | None = None,
    inside: Sequence[str] = (),
    address: str = "127.0.0.1",
) -> Sshd:
    """Start a server; whoever calls this calls `remove` in the end. For the parameters see `SshdFactory`."""
    _require_sshd(namespace=any(given is not None for given in (user, shell, home, over)))
    # Not below tmp_path: sshd reads authorized_keys as the account, which may not look into our directories.
    directory = Path(tempfile.mkdtemp(prefix="tai-sshd-"))
    directory.chmod(0o755)
    for open_to_all in ("scratch", "account"):
        (directory / open_to_all).mkdir()
        (directory / open_to_all).chmod(0o1777)
    (directory / "authorized_keys").write_text("".join(key.read_text() for key in authorized))
    account = pwd.getpwnam(user or getpass.getuser())
    alone = _namespace(directory, account, shell or "/bin/bash", home or directory / "account", over or {})
    server = _start(
        directory,
        options,
        host_key or make_key(directory / "host_key"),
        port or free_port(),
        [*inside, *alone],
        address,
    )
    server.user = account.pw_name
    server.wait_for_log("Server listening on")
    return server


def _require_sshd(*, namespace: bool) -> None:
    if SSHD is None:
        pytest.skip("no OpenSSH server here: apt-get install openssh-server")
    if namespace and not _CAN_ISOLATE:
        pytest.skip("another login shell needs root and unshare (util-linux)")
    if IS_ROOT:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd refuses to start as root without it


def _start(  # noqa: PLR0917 - one call from the fixture
    directory: Path, options: Sequence[str], host_key: Path, port: int, inside: Sequence[str], address: str
) -> Sshd:
    config = directory / "sshd_config"
    lines = [
        *options,  # the first value of a keyword counts
        f"Port {port}",
        f"ListenAddress {address}",
        f"HostKey {host_key}",
        f"AuthorizedKeysFile {directory}/authorized_keys",
        f"PidFile {directory}/pid",
        "StrictModes no",  # the test's directories lie below /tmp
        "UsePAM no",
        "UseDNS no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "PermitUserEnvironment no",
        "LogLevel DEBUG1",
    ]
    config.write_text("\n".join(lines) + "\n")
    assert SSHD is not None
    process = subprocess.Popen(
        [*inside, SSHD, "-D", "-f", str(config), "-E", str(directory / "log")],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    (directory / "log").touch()
    return Sshd(directory, port, host_key, process, address=address)


def _namespace(
    directory: Path, account: pwd.struct_passwd, shell: str, home: Path, over: Mapping[str, Path]
) -> list[str]:
    """The words that run a program in a mount namespace where the account has this shell and home, and `over` holds."""
    if not _CAN_ISOLATE:
        return []
    mine = f"{account.pw_name}:"
    others = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith(mine)]
    fields = (account.pw_uid, account.pw_gid, account.pw_gecos, home, shell)
    changed = directory / "passwd"
    changed.write_text("\n".join([f"{mine}x:" + ":".join(map(str, fields)), *others]) + "\n")
    changed.chmod(0o644)
    mounts = "".join(
        f"mount --bind {there} {path} && " for path, there in {"/etc/passwd": changed, **over}.items()
    )
    script = f'{mounts}exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


@dataclass(slots=True)
class Blackhole:
    """Listeners that accept a connection, say a few bytes, and then nothing more."""

    sockets: list[socket.socket] = field(default_factory=list)

    def listen(self, greeting: bytes = b"") -> int:
        """Open one and return its port. greeting: what it says first; b'' leaves the connection to the kernel."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.sockets.append(listener)
        if greeting:
            threading.Thread(target=self._greet, args=(listener, greeting), daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    def _greet(self, listener: socket.socket, greeting: bytes) -> None:
        with contextlib.suppress(OSError):  # the test closed it first
            accepted, _ = listener.accept()
            self.sockets.append(accepted)
            accepted.sendall(greeting)


@pytest.fixture
def blackhole() -> Iterator[Blackhole]:
    hole = Blackhole()
    yield hole
    for one in hole.sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in accept()
        one.close()
