"""Runs a program in a pseudo-terminal of its own and passes on what it prints so many seconds later: a slow link. Not a test.

python tests/frontends/slow_output.py SECONDS PROGRAM ARGS…
"""

from __future__ import annotations

import os
import pty
import select
import sys
import termios
import time
import tty
from collections import deque


def main() -> int:
    """Until the program ends and all it printed has come; its exit status."""
    late, words = float(sys.argv[1]), sys.argv[2:]
    size = termios.tcgetwinsize(0)
    pid, inner = pty.fork()
    if pid == 0:
        os.execvp(words[0], words)
    termios.tcsetwinsize(inner, size)
    tty.setraw(0)
    held: deque[tuple[float, bytes]] = deque()
    ended = typed_out = False
    while held or not ended:
        wait = max(held[0][0] - time.monotonic(), 0) if held else None
        watched = [fd for fd, done in ((0, typed_out or ended), (inner, ended)) if not done]
        ready, _, _ = select.select(watched, [], [], wait)
        if 0 in ready:
            keys = os.read(0, 4096)
            typed_out = not keys
            os.write(inner, keys)
        if inner in ready:
            try:
                data = os.read(inner, 65_536)
            except OSError:  # the program has closed its end
                data = b""
            ended = not data
            held.append((time.monotonic() + late, data))
        while held and held[0][0] <= time.monotonic():
            os.write(1, held.popleft()[1])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
