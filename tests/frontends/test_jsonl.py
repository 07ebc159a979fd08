"""The stream for programs: one event a line, readable back, at once."""

from __future__ import annotations

import io

from tai.bus import Bus
from tai.events import decode
from tai.frontends.jsonl import JsonLines
from tests.frontends.story import story


class Counting(io.StringIO):
    """A stream that knows how much it held at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[int] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue().count("\n"))


def test_each_event_is_one_line_that_decodes_to_itself() -> None:
    stream = io.StringIO()
    bus = Bus("s", [JsonLines(stream)])
    stamped = [bus.emit(event) for event in story()]
    lines = stream.getvalue().splitlines()
    assert [decode(line).event for line in lines] == [each.event for each in stamped]


def test_each_line_is_flushed_before_the_next_event() -> None:
    stream = Counting()
    bus = Bus("s", [JsonLines(stream)])
    for event in story():
        bus.emit(event)
    assert stream.flushed == list(range(1, len(story()) + 1))
