"""The keyboard while nobody prompts: keys are neither echoed into what is printed nor lost."""

from __future__ import annotations

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keys_unseen() -> Iterator[None]:
    """No echo, and keys wait for whoever reads next; Ctrl-C stays a signal. Does nothing without a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    unseen = list(before)
    unseen[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(sys.stdin, termios.TCSANOW, unseen)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
