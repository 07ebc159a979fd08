"""The lab and its servers leave nothing behind: no process, no namespace, also where a test failed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.netlab import lab
from tests.sshd import ClientHome, client_home, start_sshd

__all__ = ["client_home"]

pytestmark = pytest.mark.slow


def _session(home: ClientHome, *inside: str, port: int, text: str) -> subprocess.Popen[bytes]:
    """OpenSSH's own client, running a command."""
    words = ["ssh", "-F", "none", "-i", str(home.key), "-o", "StrictHostKeyChecking=no"]
    known = ["-o", f"UserKnownHostsFile={home.known_hosts}", "-o", "LogLevel=ERROR"]
    return subprocess.Popen(
        [*inside, *words, *known, "-p", str(port), "127.0.0.1", text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < deadline, f"{pid} still runs"
        time.sleep(0.01)


def test_a_server_that_is_removed_takes_its_sessions_and_their_commands_along(
    client_home: ClientHome,
) -> None:
    server = start_sshd(authorized=[Path(f"{client_home.key}.pub")])
    client = _session(client_home, port=server.port, text="echo $$; exec sleep 1000")
    assert client.stdout is not None
    command = int(client.stdout.readline())
    (session,) = server.serving
    server.remove()
    for pid in (session, command):
        _wait_until_gone(pid)
    client.communicate(timeout=10)


def _break_in_the_middle(running: list[subprocess.Popen[bytes]], names: list[str]) -> None:
    with lab() as network:
        one, two = network.node("one"), network.node("two")
        network.cable(one, "192.0.2.1/24", two, "192.0.2.2/24")
        for node in (one, two):
            names.append(node.name)
            running.append(
                subprocess.Popen([*node.inside, "sh", "-c", "echo in; sleep 1000"], stdout=subprocess.PIPE)
            )
            output = running[-1].stdout
            assert output is not None
            output.readline()
        raise ZeroDivisionError


def test_a_lab_that_a_failure_ended_is_gone_with_what_ran_in_it() -> None:
    running: list[subprocess.Popen[bytes]] = []
    names: list[str] = []
    with pytest.raises(ZeroDivisionError):
        _break_in_the_middle(running, names)
    for process in running:
        process.communicate(timeout=10)  # also the end of its output: what the shell started is gone too
        assert process.returncode == -signal.SIGKILL
    assert not set(names) & {path.name for path in Path("/run/netns").iterdir()}
    left = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout
    assert f"{os.getpid()}" not in left
