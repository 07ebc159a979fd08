"""A real dropbear: routers and small appliances have no other SSH server, and many have one that loses connections."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tai.transport.base import Target
from tai.transport.ssh.servers import one_at_a_time
from tests.sshd import IS_ROOT, ClientHome, free_port, public_of
from tests.transport.conftest import Dialler, shell

DROPBEAR = shutil.which("dropbear", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
COMMANDS = 60


@pytest.mark.parametrize(
    ("version", "careful"),
    [
        ("SSH-2.0-dropbear_2019.78", True),
        ("SSH-2.0-dropbear_2022.83", True),
        ("SSH-2.0-dropbear_2024.85", True),
        ("SSH-2.0-dropbear_2024.86", False),
        ("SSH-2.0-dropbear_2025.88", False),
        ("SSH-2.0-dropbear", True),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", False),
        ("None", False),
    ],
)
def test_only_the_versions_that_lose_connections_are_spared(version: str, *, careful: bool) -> None:
    assert one_at_a_time(version) is careful


@pytest.fixture
def dropbear(client_home: ClientHome, tmp_path: Path) -> Iterator[Target]:
    """A server for the account that runs the tests, which has a home of its own there."""
    if DROPBEAR is None:
        pytest.skip("no dropbear here: apt-get install dropbear-bin")
    if not IS_ROOT or shutil.which("unshare") is None:
        pytest.skip("dropbear reads keys from the account's home only: another one needs root and unshare")
    home = tmp_path / "account"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (home / ".ssh" / "authorized_keys").write_text(public_of(client_home.key))
    passwd = tmp_path / "passwd"
    passwd.write_text(f"{getpass.getuser()}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
    key, port = tmp_path / "host_key", free_port()
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(key)], check=True, capture_output=True)
    told = subprocess.run(["dropbearkey", "-y", "-f", str(key)], check=True, capture_output=True, text=True)
    public = next(line for line in told.stdout.splitlines() if line.startswith("ssh-ed25519 "))
    client_home.known_hosts.write_text(f"[127.0.0.1]:{port} {' '.join(public.split()[:2])}\n")
    words = [
        DROPBEAR,
        "-F",
        "-E",
        "-s",
        "-m",
        "-r",
        str(key),
        "-p",
        f"127.0.0.1:{port}",
        "-P",
        str(tmp_path / "pid"),
    ]
    mounted = f'mount --bind {passwd} /etc/passwd && exec "$@"'
    log = tmp_path / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, "sh", *words],
            stdin=subprocess.DEVNULL, stderr=file,
        )  # fmt: skip
    try:
        while "Not backgrounding" not in log.read_text():
            assert server.poll() is None, log.read_text()
            time.sleep(0.01)
        yield Target("127.0.0.1", getpass.getuser(), port)
    finally:
        server.terminate()
        server.wait(timeout=10)


async def test_many_commands_keep_their_connection(dropbear: Target, dial: Dialler) -> None:
    connection = await dial(dropbear)
    done = await asyncio.gather(
        *(shell(connection, f"echo {n}; echo e >&2; exit 3") for n in range(COMMANDS))
    )
    assert [each.disconnected for each in done] == [""] * COMMANDS
    assert [(each.exit, each.stdout) for each in done] == [(3, f"{n}\n".encode()) for n in range(COMMANDS)]
    assert [line for line in dial.reported if "broke" in line] == []
