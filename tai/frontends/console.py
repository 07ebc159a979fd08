"""Opens the terminal, or the pipe, that a front end writes to. Not the renderer: nothing of an investigation is known here.

Host and model text never passes as markup: markup, emoji codes and highlighting are off for every console of tai.
"""

from __future__ import annotations

import codecs
import os
from typing import TextIO

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


def open_console(stream: TextIO, *, plain: bool = False) -> Console:
    """A console on `stream` that cannot fail on a character and does not break lines that go into a pipe.

    plain: no escape sequence at all, even on a terminal (`--plain`, screen readers).
    Width, colour depth and NO_COLOR are rich's business; a pipe gets each line whole, so that grep finds it.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=_FALLBACK)
    return Console(
        file=stream,
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
