"""The event stream as NDJSON on a stream (`--json`): a sink of one line. Counterpart of `render`, for programs."""

from __future__ import annotations

from typing import TextIO

from tai.events import Stamped, encode


class JsonLines:
    """A sink. Each event is one line, flushed at once, so that a pipe sees it while the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, stamped: Stamped) -> None:
        """Write one event. Raises what the stream raises: BrokenPipeError when the reader has gone."""
        self._stream.write(encode(stamped) + "\n")
        self._stream.flush()
