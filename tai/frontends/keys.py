"""The keyboard while nobody prompts: keys are neither echoed into what is printed nor lost."""

from __future__ import annotations

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def keys_unseen() -> Iterator[None]:
    """No echo, and keys wait for whoever reads next; Ctrl-C stays a signal. Does nothing without a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    try:
        before = termios.tcgetattr(sys.stdin)
        unseen = list(before)
        unseen[3] &= ~(termios.ECHO | termios.ICANON)
        unseen[3] |= termios.NOFLSH  # or Ctrl-C would throw away what was typed before it
        termios.tcsetattr(sys.stdin, termios.TCSANOW, unseen)
    except termios.error:  # it vanished between the question and now
        yield
        return
    try:
        yield
    finally:
        # A terminal that has vanished has no keys to give back, and its end is told by the hang-up.
        with suppress(termios.error, ValueError):
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
