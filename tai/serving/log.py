"""The server's own output: whole and bounded in a file, and what of it tells how the loading goes. The file is the user's alone."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 5_000_000
_OLDER: Final = 3
_LONGEST_LINE: Final = 4000
_KEPT: Final = 40
_ENDS: Final = re.compile(rb"[\r\n]+")  # progress bars end their lines with a carriage return

# What vLLM 0.32 and 0.33 say on the way up, and what it means.
_STAGES: Final = (
    (re.compile(r"Starting to load model"), "reading the weights"),
    (re.compile(r"Loading safetensors.*?(?P<done>\d+)% Completed"), "weights: {done} % read"),
    (
        re.compile(r"Model loading took (?P<gib>[\d.]+) ?Gi?B.*? (?P<s>[\d.]+) seconds"),
        "weights are loaded: {gib} GiB in {s} s",
    ),
    (re.compile(r"torch\.compile takes (?P<s>[\d.]+) s"), "compiled in {s} s"),
    (
        re.compile(
            r"KV cache size: (?P<all>[\d,]+) tokens.*?for (?P<one>[\d,]+) tokens per request: (?P<times>[\d.]+)x"
        ),
        "the KV cache holds {all} tokens, {times} texts of {one}",
    ),
    (re.compile(r"Graph capturing finished in (?P<s>\d+) secs?"), "graphs are captured in {s} s"),
)
# tai's own question, each ten seconds.
_OWN: Final = re.compile(r'"GET /health HTTP/1\.1" 200')
_BAD: Final = re.compile(r"\b(?:\w*Error|ERROR|CRITICAL|Killed|out of memory)\b")


class ServerLog:
    """Takes the output line by line. path: the file in use; older ones end in .1, .2, .3."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self.path = path
        self._file = RotatingFileHandler(path, maxBytes=_MOST_BYTES, backupCount=_OLDER, encoding="utf-8")
        self._last: deque[str] = deque(maxlen=_KEPT)

    def take(self, line: str) -> None:
        """Keep one line, unless it only says that tai asked for its health."""
        if _OWN.search(line):
            return
        self._last.append(line)
        self._file.handle(logging.makeLogRecord({"msg": line}))

    def trouble(self) -> list[str]:
        """Of the last lines those that say what went wrong, at most five; the last ones where none does."""
        bad = [line for line in self._last if _BAD.search(line)]
        return (bad or list(self._last))[-5:]

    @property
    def last(self) -> str:
        """The newest line; '' before the first."""
        return self._last[-1] if self._last else ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def stage(line: str) -> str:
    """How far the loading is by this line, in words; '' where it does not say."""
    for pattern, words in _STAGES:
        if found := pattern.search(line):
            return words.format(**found.groupdict())
    return ""


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """What a program prints, line by line, each cut at 4,000 characters: a line without end is no line."""
    left = b""
    while chunk := await stream.read(2**16):
        *whole, left = _ENDS.split(left + chunk)
        if len(left) > _LONGEST_LINE:
            whole, left = [*whole, left], b""
        for line in whole:
            if line.strip():
                yield line.decode("utf-8", "replace")[:_LONGEST_LINE]
    if left.strip():
        yield left.decode("utf-8", "replace")[:_LONGEST_LINE]
