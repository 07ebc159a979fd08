"""Asks the person at the terminal whether a command of tier B or C may run. Not the policy: that has allowed it already.

What is shown is the canonical argv that would be sent and what it does besides reading, both from the policy; nothing
that a host or a model said stands near the question. Any key but `y` is a no, and so is a key typed beforehand.
"""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from tai.frontends.keys import keys_unseen
from tai.frontends.lines import FAINT, STRONG, WARN, command_line, hang, one_line

if TYPE_CHECKING:
    from tai.policy import ReadOnlyCommand


class Approval:
    """An `Approve` for `tai.engine.collect`; questions come one at a time. Without a terminal the answer is no."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, command: ReadOnlyCommand) -> bool:
        """True when the person pressed `y`."""
        if not sys.stdin.isatty():
            return False
        async with self._one_at_a_time:
            with keys_unseen():
                termios.tcflush(sys.stdin, termios.TCIFLUSH)
                self._ask(command)
                key = await _key()
            said = key in (b"y", b"Y")
            self._console.print(Text("  yes" if said else "  no", style=FAINT))
            return said

    def _ask(self, command: ReadOnlyCommand) -> None:
        self._console.print(
            hang("may this run? ", one_line(command_line(command.argv), STRONG), lead_style=WARN)
        )
        if command.effects:
            self._console.print(hang("  besides reading: ", command.effects, lead_style=FAINT))
        self._console.print(Text(f"  tier {command.tier}; y runs it, any other key does not", style=FAINT))


async def _key() -> bytes:
    """The next key."""
    loop = asyncio.get_running_loop()
    pressed: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        if not pressed.done():
            pressed.set_result(os.read(sys.stdin.fileno(), 1))

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        return await pressed
    finally:
        loop.remove_reader(sys.stdin.fileno())
