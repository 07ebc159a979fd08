"""What fingers feel at the prompt: a key's echo, the first sign of life after Enter, the prompt after Ctrl-C.

    make bench-keys

In a real pseudo-terminal; times are from the write of the key to the read of the bytes that answer it, so they hold what the kernel's
terminal and this reader cost too. The work is the rehearsed investigation of the tests, in a process of its own: an answer that gets
100 pieces a second, and commands that end 20 times a second with an output of 16 KB each. Printed, never asserted.
"""

from __future__ import annotations

import os
import select
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.frontends.terminal import Terminal

_ROUNDS = 30


def until(terminal: Terminal, holds: Callable[[bytes], bool], limit_s: float = 10.0) -> float:
    """Seconds until what has come since now `holds`."""
    started = time.monotonic()
    come = b""
    fd: int = terminal.process.child_fd
    while not holds(come):
        ready, _, _ = select.select([fd], [], [], limit_s)
        if not ready:
            raise TimeoutError(f"nothing came but {come[-300:]!r}")
        data = os.read(fd, 65_536)
        come += data
        terminal.feed(data)
    return time.monotonic() - started


def echo_s(terminal: Terminal, key: str) -> float:
    """From a key to its first echoed byte."""
    terminal.send(key)
    return until(terminal, lambda come: key.encode() in come)


def seen_s(terminal: Terminal, draft: str) -> float:
    """From the last key of `draft` to the bytes that show all of it, among others that stream."""
    terminal.send(draft[-1])
    return until(terminal, lambda come: f"> {draft}".encode() in come)


def ahead_keys(folder: Path, ticket: str, sign: str) -> list[float]:
    """Keys of a draft while work runs. sign: what tells that it does."""
    times = []
    with Terminal(["-m", "tests.frontends.rehearsal", str(folder)]) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send(f"{ticket}\r")
        terminal.expect(sign)
        for _ in range(3):
            for n in range(1, _ROUNDS + 1):
                times.append(seen_s(terminal, ("what-else-came-then-" * 2)[:n]))
                until(terminal, lambda come: len(come) > 500)  # other output, so that keys meet it
            terminal.send("\x15")
            terminal.wait(lambda: "> what" not in terminal.shown, "an empty draft")
        terminal.send("\x03")
        terminal.expect("stopped;")
        terminal.send("\x04")
        terminal.exit_status()
    return times


def settle(terminal: Terminal) -> None:
    """Take in what still comes, until nothing has for a while."""
    fd: int = terminal.process.child_fd
    while select.select([fd], [], [], 0.3)[0]:
        terminal.feed(os.read(fd, 65_536))


def plain_keys(terminal: Terminal) -> list[float]:
    """Keys in an empty draft."""
    times = []
    for n in range(_ROUNDS):
        times.append(echo_s(terminal, "abcdefghijklmnopqrstuvwxyz"[n % 26]))
        time.sleep(0.02)
    terminal.send("\x15")
    settle(terminal)
    return times


def menu_keys(terminal: Terminal) -> list[float]:
    """Keys of a command, while its menu opens and narrows."""
    times = []
    for _ in range(_ROUNDS // 6):
        for key in "/collect"[: 6 + 2]:
            times.append(echo_s(terminal, key))
        terminal.send("\x15")
        settle(terminal)
    return times


def answered(folder: Path, keys: str) -> tuple[float, float]:
    """From Enter on a ticket to the first byte, and from Ctrl-C during the streamed answer to the prompt."""
    with Terminal(["-m", "tests.frontends.rehearsal", str(folder)]) as terminal:
        terminal.expect_prompt("no host yet")
        settle(terminal)
        terminal.send(keys)
        settle(terminal)
        terminal.send("\r")
        # The first thing that tells that work began: what the ticket was understood to say.
        life = until(terminal, lambda come: b"nothing in the ticket" in come or b"note" in come)
        terminal.expect("writing the answer")
        terminal.send("\x03")
        back = until(terminal, lambda come: b"\x1b[?2004h" in come)
        terminal.send("\x04")
        terminal.exit_status()
    return life, back


def row(name: str, times: list[float], goal: str) -> str:
    """Median and slowest, in milliseconds."""
    ms = sorted(1000 * each for each in times)
    return f"{name:<44}{statistics.median(ms):7.1f} ms{ms[-1]:9.1f} ms   {len(ms):>3}   {goal}"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with Terminal(["-m", "tests.frontends.rehearsal", place]) as terminal:
            terminal.expect_prompt("no host yet")
            settle(terminal)
            bare = plain_keys(terminal)
            menu = menu_keys(terminal)
            terminal.paste("\n".join(f"line {n} of a pasted ticket" for n in range(300)))
            terminal.expect("[pasted 300 lines]")
            settle(terminal)
            behind = plain_keys(terminal)
            terminal.send("\x04")
        streaming = ahead_keys(folder, "db-01 stream", "writing the answer")
        collecting = ahead_keys(folder, "db-01 busy", "#5 ")
        pairs = [answered(folder, "db-01 stream") for _ in range(10)]
    print(f"{'':<44}{'median':>10}{'slowest':>12}     n   goal")
    print(row("key to echo, at the prompt", bare, "< 20 ms"))
    print(row("key to echo, the menu of completions open", menu, "< 20 ms"))
    print(row("key to echo, behind a folded paste", behind, "< 20 ms"))
    print(row("key to echo, while an answer streams", streaming, "< 20 ms"))
    print(row("key to echo, while commands end", collecting, "< 20 ms"))
    print(row("Enter to the first sign of life", [life for life, _ in pairs], "<= 100 ms"))
    print(row("Ctrl-C while the answer streams to the prompt", [back for _, back in pairs], "<= 200 ms"))


if __name__ == "__main__":
    main()
