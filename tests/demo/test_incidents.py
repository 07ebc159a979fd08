"""The incident folders of the test hosts: each one whole, its scripts readable by a shell. No host is started here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "vm-fixtures"
INCIDENTS = sorted((ROOT / "incidents").iterdir())


def test_every_incident_is_described_as_incident_py_says() -> None:
    done = subprocess.run([sys.executable, ROOT / "incident.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        folder.name for folder in INCIDENTS
    ]


@pytest.mark.parametrize(
    "script", sorted(ROOT.rglob("*.sh")), ids=lambda script: str(script.relative_to(ROOT))
)
def test_every_script_is_one_that_a_posix_shell_reads(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_forwarder_carries_bytes_both_ways_and_the_end_of_them(tmp_path: Path) -> None:
    script = """
import asyncio, socket, subprocess, sys
async def main():
    async def shout(reader, writer):
        writer.write((await reader.read()).upper()); writer.close()
    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    door = socket.create_server(("127.0.0.1", 0))
    forwarder = subprocess.Popen([sys.executable, sys.argv[1], f"{door.fileno()}=127.0.0.1:{port}"], pass_fds=[door.fileno()])
    try:
        reader, writer = await asyncio.open_connection(*door.getsockname())
        writer.write(b"seen"); writer.write_eof()
        print((await reader.read()).decode())
        writer.close()
    finally:
        forwarder.terminate(); forwarder.wait(); door.close()
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, ROOT / "forward.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "SEEN\n"), done.stderr
