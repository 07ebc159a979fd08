"""Opens the terminal, or the pipe, that a front end writes to. Not the renderer: nothing of an investigation is known here.

Host and model text never passes as markup: markup, emoji codes and highlighting are off for every console of tai.
"""

from __future__ import annotations

import codecs
import errno
import os
from typing import Any, TextIO, cast

from rich.console import Console

# tai's own few glyphs where the terminal's encoding has none of them; anything else is shown by its code point.
_ASCII = {"·": "-", "—": "-", "–": "-", "…": "...", "→": "->", "×": "x", "✓": "ok"}
_FALLBACK = "tai.spelled"


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    said = error.object[error.start : error.end]
    return "".join(_ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in said), error.end


codecs.register_error(_FALLBACK, _spelled)


class _Terminal:
    """A terminal's stream that falls silent when the terminal vanishes: the work that is to be stopped must still be told of
    in the record, and an error from the screen would come before that.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As the stream does; to nowhere once the terminal is gone."""
        try:
            self._stream.write(text)
        except OSError as error:
            silence(self._stream, error)
        return len(text)

    def flush(self) -> None:
        """Likewise."""
        try:
            self._stream.flush()
        except OSError as error:
            silence(self._stream, error)


def silence(stream: TextIO, error: OSError) -> None:
    """Put the null device in the place of a terminal that has vanished; raises `error` when it says something else."""
    if error.errno != errno.EIO:
        raise error
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def open_console(stream: TextIO, *, plain: bool = False) -> Console:
    """A console on `stream` that cannot fail on a character and does not break lines that go into a pipe.

    plain: no escape sequence at all, even on a terminal (`--plain`, screen readers).
    Width, colour depth and NO_COLOR are rich's business; a pipe gets each line whole, so that grep finds it.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=_FALLBACK)
    file = cast("TextIO", _Terminal(stream)) if stream.isatty() else stream
    return Console(
        file=file,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=not stream.isatty(),
        color_system=None if plain else "auto",
        force_interactive=False if plain else None,
    )


def moves(console: Console) -> bool:
    """Whether a status line may come and go: a real terminal, not a dumb one, and nobody asked for calm by NO_COLOR."""
    return (
        console.is_terminal
        and console.is_interactive
        and not console.is_dumb_terminal
        and not os.environ.get("NO_COLOR")
    )
