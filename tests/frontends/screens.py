"""Draws docs/screens/: what a real pseudo-terminal shows at the prompt, as rich's SVG. Run it with `make screens`. Not a test.

The program is the real REPL over the rehearsed investigation of the tests, so that a picture changes only when a screen does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import StringIO
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.frontends.terminal import ROOT, Terminal

PLACE = ROOT / "docs" / "screens"
# pyte's names of colours that rich calls otherwise.
_COLOURS = {"brown": "yellow", "default": "default"}


def picture(terminal: Terminal, title: str) -> str:
    """The screen as it stands, with its colours."""
    screen = terminal.screen
    console = Console(
        record=True,
        file=StringIO(),
        width=screen.columns,
        height=screen.lines,
        force_terminal=True,
        markup=False,
    )
    for row in range(screen.lines):
        cells = [screen.buffer[row][column] for column in range(screen.columns)]
        line = Text()
        for style, run in groupby(cells, key=_style):
            line.append("".join(cell.data for cell in run), style)
        line.rstrip()
        console.print(line, no_wrap=True, crop=True)
    return console.export_svg(title=title, unique_id="tai")


def _style(cell: Any) -> Style:
    return Style(
        color=_colour(cell.fg),
        bgcolor=_colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _colour(name: str) -> str:
    if len(name) == 6 and all(figure in "0123456789abcdef" for figure in name):
        return f"#{name}"
    bright = name.startswith("bright")
    plain = _COLOURS.get(name.removeprefix("bright"), name.removeprefix("bright"))
    return f"bright_{plain}" if bright else plain


def _ready(terminal: Terminal) -> None:
    terminal.expect_prompt("no host yet")


def _first(terminal: Terminal) -> None:
    _ready(terminal)


def _paste(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.paste("\n".join(f"line {n} of the ticket about db-01" for n in range(1, 185)))
    terminal.expect("[pasted 184 lines]")


def _menu(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.send("/co")
    terminal.expect("Read evidence and ask nobody")


def _collecting(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.send("db-01 is slow\r")
    terminal.expect("#3 filesystems")


def _stopped(terminal: Terminal) -> None:
    _collecting(terminal)
    terminal.send("\x03")
    terminal.expect_prompt("2 pieces of evidence")


def _diagnosed(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")


def _pager(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.send("db-01 long\r")
    terminal.expect_prompt("3 pieces of evidence")
    terminal.send("/show E7\r")
    terminal.wait(lambda: "of 400" in terminal.bottom, "the pager")
    terminal.send("/item/7 \r")
    terminal.wait(lambda: "7-" in terminal.bottom, "the hit")


def _help(terminal: Terminal) -> None:
    _ready(terminal)
    terminal.send("/help\r")
    terminal.expect("/quit ")
    terminal.expect_prompt()


SCREENS: dict[str, tuple[Callable[[Terminal], None], int, int]] = {
    "first-time": (_first, 80, 24),
    "paste": (_paste, 80, 24),
    "completion": (_menu, 80, 24),
    "collecting": (_collecting, 100, 24),
    "stopped": (_stopped, 100, 24),
    "diagnosis": (_diagnosed, 100, 60),
    "pager": (_pager, 100, 24),
    "help": (_help, 100, 50),
}


def main() -> None:
    """Draw each anew."""
    PLACE.mkdir(exist_ok=True)
    for name, (play, columns, rows) in SCREENS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            Terminal(["-m", "tests.frontends.rehearsal", folder], columns=columns, rows=rows) as terminal,
        ):
            play(terminal)
            (PLACE / f"{name}.svg").write_text(picture(terminal, "tai"), encoding="utf-8")


if __name__ == "__main__":
    main()
