"""The leash: whatever ends, nothing that it started is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tai.serving import leash

# Starts two children, one of them in a session of its own that ignores SIGTERM, tells all ids and waits.
FAMILY = """
import os, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
one = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE)
one.stdout.readline()
two = subprocess.Popen(["sleep", "600"])
print(os.getpid(), one.pid, two.pid, flush=True)
time.sleep(600)
"""
# Stands for tai: starts the leash and waits.
KEEPER = """
import os, subprocess, sys
leash, *command = sys.argv[1:]
done = subprocess.Popen([sys.executable, "-I", leash, str(os.getpid()), *command], start_new_session=True)
print(done.pid, flush=True)
done.wait()
"""


def leashed(*command: str) -> list[str]:
    return [sys.executable, "-I", leash.__file__, str(os.getpid()), *command]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(processes: list[int], within_s: float = 20) -> bool:
    deadline = time.monotonic() + within_s
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, processes))


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_it_ends_as_its_command_does(script: str, status: int) -> None:
    assert subprocess.run(leashed("sh", "-c", script), check=False).returncode == status


def test_a_command_that_is_not_there_is_said() -> None:
    done = subprocess.run(leashed("/nowhere/vllm"), check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (127, "/nowhere/vllm: No such file or directory\n")


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_it_takes_the_whole_family_along(asked: signal.Signals) -> None:
    with subprocess.Popen(leashed(sys.executable, "-c", FAMILY), stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        family = [int(word) for word in run.stdout.readline().split()]
        assert len(family) == 3
        assert all(map(alive, family))
        run.send_signal(asked)
        assert run.wait(timeout=20) == 128 + signal.SIGTERM
        assert not any(map(alive, family))


def test_when_the_command_is_killed_its_children_go_too() -> None:
    with subprocess.Popen(leashed(sys.executable, "-c", FAMILY), stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        family = [int(word) for word in run.stdout.readline().split()]
        os.kill(family[0], signal.SIGKILL)
        assert run.wait(timeout=20) == 137
        assert not any(map(alive, family))


def test_when_the_one_that_started_it_is_killed_all_of_it_goes() -> None:
    command = [sys.executable, "-c", KEEPER, leash.__file__, sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        family = [int(word) for _ in range(2) for word in keeper.stdout.readline().split()]
        assert len(family) == 4
        keeper.kill()
        keeper.wait()
        assert gone(family)
