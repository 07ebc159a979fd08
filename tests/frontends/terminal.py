"""A real pseudo-terminal with a program in it, and the screen that a person would see. Not a recorder of timings."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
# Longest wait for something to appear: a bound for a hang, far above what a busy machine needs.
PATIENCE_S = 30.0
# What a test run's own environment would decide for the program under test.
_DECIDED_HERE = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "PROMPT_TOOLKIT_NO_CPR")


class _Screen(pyte.HistoryScreen):
    """A screen that answers when it is asked where its cursor is; prompt-toolkit asks."""

    def __init__(self, terminal: Terminal, columns: int, rows: int) -> None:
        super().__init__(columns, rows, history=20_000, ratio=0.5)
        self._terminal = terminal

    def write_process_input(self, data: str) -> None:
        self._terminal.send(data)


class Terminal:
    """Runs `python ARGS…` in a terminal of `columns` × `rows`. Use as a context manager; leaving ends the program.

    inside: the words of a program to run it in, such as tmux.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
        inside: Sequence[str] = (),
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _DECIDED_HERE}
        self.screen = _Screen(self, columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        words = [*inside, sys.executable, *arguments]
        self.process: pexpect.spawn[bytes] = pexpect.spawn(
            words[0],
            words[1:],
            cwd=str(ROOT),
            env={**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **(environment or {})},
            dimensions=(rows, columns),
            timeout=PATIENCE_S,
        )
        self.process.delaybeforesend = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        # pexpect's own way asks politely first and naps after each word, and on a busy machine gives up too early.
        spawned: Any = self.process
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
            spawned.ptyproc.wait()
        spawned.ptyproc.delayafterclose = 0
        self.process.close(force=True)

    def send(self, keys: str | bytes) -> None:
        """Type `keys`."""
        self.process.send(keys)

    def paste(self, text: str) -> None:
        """Paste as a terminal with bracketed paste does; waits until the program has asked for that."""
        self.wait(lambda: b"\x1b[?2004h" in self.raw, "bracketed paste")
        self.send(b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~")

    @property
    def shown(self) -> str:
        """What stands on the screen, lines without trailing spaces."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def everything(self) -> str:
        """The lines that have scrolled away, and the screen."""
        gone = [
            "".join(line[column].data for column in range(self.screen.columns)).rstrip()
            for line in self.screen.history.top
        ]
        return "\n".join([*gone, self.shown])

    @property
    def bottom(self) -> str:
        """The last line that is not empty."""
        return next((line for line in reversed(self.shown.splitlines()) if line), "")

    def expect(self, text: str, *, times: int = 1) -> None:
        """Wait until `text` has appeared so often, on the screen or in what scrolled away."""
        self.wait(lambda: self.everything.count(text) >= times, repr(text))

    def expect_prompt(self, status: str = "") -> None:
        """Wait until an empty prompt stands with `status` in the bar."""

        def stands() -> bool:
            lines = self.shown.splitlines()
            row = self.screen.cursor.y
            return row < len(lines) and lines[row] == ">" and status in self.bottom

        self.wait(stands, f"prompt with {status!r}")

    def wait(self, holds: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S) -> None:
        """Read output until `holds`; fails with the screen when it does not come."""
        deadline = time.monotonic() + patience_s
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"never saw {what}; the screen:\n{self.everything}")
            try:
                self.feed(self.process.read_nonblocking(65_536, timeout=0.05))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                if holds():
                    return
                raise AssertionError(f"ended before {what}; the screen:\n{self.everything}") from None

    def feed(self, data: bytes) -> None:
        """Take in output."""
        self.raw += data
        self._stream.feed(data)

    def leave_by_ctrl_c(self) -> Any:
        """Press Ctrl-C as an impatient person does until the program is gone; its exit status."""
        for _ in range(20):
            self.send("\x03")
            patient_until = time.monotonic() + 1.5  # two presses within 2 s leave
            while time.monotonic() < patient_until:
                try:
                    self.feed(self.process.read_nonblocking(65_536, timeout=0.1))
                except pexpect.TIMEOUT:
                    continue
                except pexpect.EOF:
                    return self.exit_status()
        raise AssertionError(f"Ctrl-C does not leave; the screen:\n{self.everything}")

    def exit_status(self) -> Any:
        """Read to the end; the exit status of the program."""
        while True:
            try:
                self.feed(self.process.read_nonblocking(65_536, timeout=PATIENCE_S))
            except pexpect.EOF:
                break
        self.process.wait()
        return self.process.exitstatus
