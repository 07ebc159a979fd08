"""The shipped recording, a server that plays it, and OpenSSH's own client to talk to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tai.demo.recording import Recording, load
from tai.demo.server import DemoServer, serve
from tai.resources import folder

FOLDER = folder("demo") / "recording"


@dataclass(frozen=True, slots=True)
class Said:
    """What the client printed, and its exit status: 255 when ssh itself failed."""

    exit: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class Client:
    """`ssh` with the key and known_hosts file of one demo server; `options` come before the defaults, so they win."""

    server: DemoServer

    async def __call__(
        self,
        command: str = "",
        *,
        options: Sequence[str] = (),
        flags: Sequence[str] = (),
        user: str = "",
        stdin: bytes = b"",
    ) -> Said:
        server = self.server
        defaults = (
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            f"IdentityFile={server.key_file}",
            "StrictHostKeyChecking=yes",
            f"UserKnownHostsFile={server.known_hosts_file}",
            "GlobalKnownHostsFile=/dev/null",
        )
        argv = ["ssh", "-F", "none", "-p", str(server.port), "-l", user or server.user]
        argv += [word for option in (*options, *defaults) for word in ("-o", option)]
        argv += [*flags, server.host, *([command] if command else [])]
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        stdout, stderr = await process.communicate(stdin)
        return Said(process.returncode or 0, stdout, stderr)


@pytest.fixture(scope="session")
def recording() -> Recording:
    return load(FOLDER)


@pytest.fixture
async def server(recording: Recording, tmp_path: Path) -> AsyncIterator[DemoServer]:
    playing = await serve(recording, tmp_path)
    yield playing
    await playing.close()


@pytest.fixture
def ssh(server: DemoServer) -> Client:
    if shutil.which("ssh") is None:
        pytest.skip("needs OpenSSH's client: apt-get install openssh-client")
    return Client(server)
