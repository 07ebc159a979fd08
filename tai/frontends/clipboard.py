"""Puts text on the clipboard of the person at the keyboard, who may sit at the far end of ssh and tmux.

There the terminal does it, by the escape sequence OSC 52 (xterm's control sequences, "Operating System Commands"); on a desk
its own program does. A terminal does not say whether it took the text, so what was done is told, not that it worked.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tai.errors import InputError

# What xterm and tmux take at most: 100,000 characters of base64 with the sequence around them.
MOST = 74_994
_PATIENCE_S = 5.0
_SCREEN_PIECE = 250  # GNU screen passes on strings of at most 256 bytes


def copy(text: str, environment: Mapping[str, str] | None = None, terminal: Path = Path("/dev/tty")) -> str:
    """Copy `text`; how, in words. Raises InputError when there is no way, or it is too long for the one there is."""
    env = os.environ if environment is None else environment
    data = text.encode()
    remote = bool(env.get("SSH_TTY") or env.get("SSH_CONNECTION"))
    if not remote and (program := _program(env)):
        _run(program, data, env)
        return f"copied {len(data):,} bytes with {program[0]}"
    if len(data) > MOST:
        raise InputError(
            f"the text is {len(data):,} bytes, and terminals take {MOST:,} at most (OSC 52); save it with --output or /save"
        )
    if env.get("TMUX") and (tmux := shutil.which("tmux", path=env.get("PATH"))):
        try:
            _run(
                (tmux, "load-buffer", "-w", "-"), data, env
            )  # tmux 3.2: its buffer, and on to the terminal outside
        except InputError:
            pass  # an older one: through it
        else:
            return f"copied {len(data):,} bytes to tmux's buffer and the terminal's clipboard"
    try:
        with terminal.open("wb") as file:
            file.write(sequence(data, env))
    except OSError:
        raise InputError(
            "there is no clipboard: no terminal, and no wl-copy, xclip, xsel or pbcopy for this desktop; use --output or /save"
        ) from None
    return f"copied {len(data):,} bytes by the terminal (OSC 52), if it allows that"


def sequence(data: bytes, env: Mapping[str, str]) -> bytes:
    """OSC 52 with `data`, wrapped for tmux or GNU screen to pass on."""
    plain = b"\x1b]52;c;" + base64.b64encode(data) + b"\x07"
    if env.get("TMUX"):
        return b"\x1bPtmux;" + plain.replace(b"\x1b", b"\x1b\x1b") + b"\x1b\\"
    if env.get("STY"):
        pieces = [plain[at : at + _SCREEN_PIECE] for at in range(0, len(plain), _SCREEN_PIECE)]
        return b"".join(b"\x1bP" + piece + b"\x1b\\" for piece in pieces)
    return plain


def _program(env: Mapping[str, str]) -> tuple[str, ...] | None:
    """The desktop's own program, None where there is no desktop."""
    ways: list[tuple[bool, tuple[str, ...]]] = [
        (bool(env.get("WAYLAND_DISPLAY")), ("wl-copy",)),
        (bool(env.get("DISPLAY")), ("xclip", "-selection", "clipboard")),
        (bool(env.get("DISPLAY")), ("xsel", "--clipboard", "--input")),
        (sys.platform == "darwin", ("pbcopy",)),
    ]
    return next(
        (words for fits, words in ways if fits and shutil.which(words[0], path=env.get("PATH"))), None
    )


def _run(words: tuple[str, ...], data: bytes, env: Mapping[str, str]) -> None:
    try:
        # No pipe for their output: they stay in the background with it, holding the selection.
        subprocess.run(  # noqa: S603 - a fixed program, the text on its standard input
            words,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            timeout=_PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(
            f"{words[0]} did not take the text ({type(error).__name__}); use --output or /save"
        ) from None
