"""What starting costs: `tai --help` and a completion in processor time, and the REPL's first prompt in time on the wall.

    make bench-startup

Printed, never asserted: figures depend on the machine. Each is also given as a ratio to starting Python itself.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect

_RUNS = 15
# What a shell asks when Tab is pressed: hosts, collectors and probes fit here.
_TAB = {"COMP_WORDS": "tai collect web-01 ", "COMP_CWORD": "3", "_TAI_COMPLETE": "zsh_complete"}
_TAI = str(Path(sys.executable).with_name("tai"))


def processor_ms(words: Sequence[str], variables: Mapping[str, str] | None = None) -> float:
    """User and system time of one run and its children, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        words,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(variables or {})},
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def prompt_ms(state: str) -> float:
    """From starting the process to the prompt on a real terminal, in milliseconds."""
    environment = {**os.environ, "TAI_STATE_DIR": state, "TERM": "xterm-256color"}
    started = time.monotonic()
    child = pexpect.spawn(_TAI, env=environment, dimensions=(24, 80), timeout=20)
    child.expect(r"\x1b\[\?2004h[^>]*>")  # bracketed paste is on and the prompt is drawn
    taken = 1000 * (time.monotonic() - started)
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    return taken


def main() -> None:
    """Print the table."""
    python = statistics.median(processor_ms([sys.executable, "-c", "pass"]) for _ in range(_RUNS))
    with tempfile.TemporaryDirectory() as state:
        rows = [
            ("python -c pass, processor", python),
            (
                "tai --help, processor",
                statistics.median(processor_ms([_TAI, "--help"]) for _ in range(_RUNS)),
            ),
            (
                "completion, processor",
                statistics.median(processor_ms([_TAI], _TAB) for _ in range(_RUNS)),
            ),
            ("REPL prompt, wall clock", statistics.median(prompt_ms(state) for _ in range(_RUNS))),
        ]
    for name, value in rows:
        print(f"{name:<28}{value:8.0f} ms  {value / python:5.1f} x bare Python")


if __name__ == "__main__":
    main()
