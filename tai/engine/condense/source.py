"""Where condensing reads lines from, block by block and more than once. Not a parser: a line ends at a line feed.

An observation's text is one; a file is the other, for outputs that nobody should hold in memory whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

# Characters or bytes read at a time: large enough that work is done in C, small enough to be nothing beside a limit of 200 MB.
BLOCK = 1 << 19


class Source(Protocol):
    """Text that can be read again. Line N of a citation is the Nth line over all blocks."""

    def blocks(self) -> Iterator[str]:
        """The text in order, in pieces that end with a line feed, but for the last, which may lack it."""
        ...


class TextSource:
    """A string's lines. The string is not copied."""

    def __init__(self, text: str) -> None:
        self._text = text

    def blocks(self) -> Iterator[str]:
        """See `Source.blocks`."""
        start, end = 0, len(self._text)
        while start < end:
            stop = self._text.find("\n", start + BLOCK)
            stop = end if stop < 0 else stop + 1
            yield self._text[start:stop]
            start = stop


class FileSource:
    """A file's lines: UTF-8, other bytes as `\\xNN`. Raises OSError when read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def blocks(self) -> Iterator[str]:
        """See `Source.blocks`."""
        rest = b""
        with self._path.open("rb") as file:
            while piece := file.read(BLOCK):
                cut = piece.rfind(b"\n") + 1
                if cut:
                    yield (rest + piece[:cut]).decode("utf-8", "backslashreplace")
                    rest = piece[cut:]
                else:
                    rest += piece
        if rest:
            yield rest.decode("utf-8", "backslashreplace")


def lines_of(block: str) -> list[str]:
    """The lines of one block, without their line feeds."""
    return block.removesuffix("\n").split("\n")


def pick(source: Source, wanted: Iterable[int]) -> dict[int, str]:
    """The text of some lines: index from 0 → line. Indices beyond the end are left out."""
    queue = sorted(set(wanted), reverse=True)
    found: dict[int, str] = {}
    start = 0
    for block in source.blocks():
        if not queue:
            break
        length = block.count("\n") + (not block.endswith("\n"))
        if queue[-1] < start + length:
            lines = lines_of(block)
            while queue and queue[-1] < start + length:
                index = queue.pop()
                found[index] = lines[index - start]
        start += length
    return found
