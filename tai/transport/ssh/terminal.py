"""Asking for a passphrase on the terminal: without echo, once, and so that Ctrl-C ends it at once.

getpass in a thread would do the first two; but a thread that waits for a terminal cannot be stopped, and the program
would hang at its end until someone pressed Enter. This reads on the event loop instead.
"""

from __future__ import annotations

import asyncio
import os
import termios

_TERMINAL = "/dev/tty"
_LONGEST = 1024  # bytes; ssh-keygen takes no longer passphrase
_CURSES = 3  # index of the local flags in what tcgetattr returns


def has_terminal() -> bool:
    """Whether this process has a controlling terminal to ask on."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


async def ask(prompt: str) -> str:
    """Show `prompt` on the terminal and return one line typed there, without echo.

    Raises ValueError when there is no terminal, or when it ends before a line did.
    """
    try:
        terminal = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise ValueError("there is no terminal to ask for its passphrase on") from None
    try:
        before = termios.tcgetattr(terminal)
        silent = list(before)
        silent[_CURSES] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)  # also drops what was typed ahead
        try:
            os.write(terminal, prompt.encode())
            return await _line(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            os.write(terminal, b"\n")
    finally:
        os.close(terminal)


async def _line(terminal: int) -> str:
    loop = asyncio.get_running_loop()
    typed = bytearray()
    done: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        if done.done():
            return
        try:
            piece = os.read(terminal, _LONGEST)
        except BlockingIOError:
            return
        except OSError:  # the terminal is gone
            piece = b""
        typed.extend(piece)
        if not piece:
            done.set_exception(ValueError("the terminal closed before a passphrase was typed"))
        elif b"\n" in piece or len(typed) > _LONGEST:
            done.set_result(None)

    loop.add_reader(terminal, read)
    try:
        await done
    finally:
        loop.remove_reader(terminal)
    return typed.partition(b"\n")[0].decode(errors="surrogateescape")
