"""The help topics, `help/*.md`: finding one, and printing it. Not the help of commands, which click makes from `tai.cli`.

On a terminal a topic is laid out; into a pipe it goes as it is written, which is readable as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tai import resources

# Words that people try for a topic that has another name.
_ALSO = {"ssh": "hosts", "host": "hosts", "key": "keys", "exit": "exit-codes"}


def named(word: str) -> str:
    """The topic that a word stands for; the word itself where it is a topic or none that is known."""
    return _ALSO.get(word, word)


def topics() -> dict[str, str]:
    """Each topic's name and title, by name."""
    return {file.stem: _title(file) for file in sorted(resources.folder("help").glob("*.md"))}


def text_of(topic: str) -> str:
    """A topic's Markdown. topic: one of `topics()`."""
    return (resources.folder("help") / f"{topic}.md").read_text(encoding="utf-8")


def show(topic: str) -> None:
    """Print a topic on standard output."""
    text = text_of(topic)
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - brings a Markdown parser, for a terminal only

    from tai.frontends.console import open_console  # noqa: PLC0415

    console = open_console(sys.stdout)
    # A line is easier to follow when it is not as wide as a wide screen.
    console.print(Markdown(text, code_theme="ansi_dark"), width=min(console.width, 100))


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return lines.readline().lstrip("# ").strip()
