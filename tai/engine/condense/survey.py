"""The first look at one observation: which shapes its lines have, how often, and from where to where. One pass.

Nothing is judged here but each shape's first line (`telling`), once; choosing is `tai.engine.condense.choose`. Memory grows with
the number of shapes, which is bounded, and by four bytes a line.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

from tai.engine.condense.shapes import HEAD, keys_of, shape_of
from tai.engine.condense.source import Source, lines_of
from tai.engine.condense.telling import telling

# A day of a busy host has a few thousand shapes. Past the bound only telling lines found new ones, and past twice the bound none do.
MAX_SHAPES = 40_000
_MAX_KEYS = 80_000
# Keys longer than this are not worth remembering.
_LONGEST_KEY = 600
# 32 MB of shape numbers; of lines after that, only their number is known.
_MAX_LINES = 8_000_000
# One line of so many is kept to read the time from.
_STRIDE = 64

_TELLING = 30.0


@dataclass(slots=True)
class Shape:
    """Lines that say the same. first, last: indices from 0; text: the first one's, cut at `HEAD`; worth: by `telling`."""

    text: str
    first: int
    worth: float
    count: int = 0
    last: int = 0


@dataclass(slots=True)
class Survey:
    """lines: how many; size: UTF-8 bytes with line feeds; shape_at: each line's shape, up to `_MAX_LINES`.

    heads: (index, start of the line) of every so many lines, for the time. blank: the number of the shape of empty lines, -1 for none.
    """

    lines: int = 0
    size: int = 0
    shapes: list[Shape] = field(default_factory=list)
    shape_at: array[int] = field(default_factory=lambda: array("I"))
    heads: list[tuple[int, str]] = field(default_factory=list)

    def kinds(self, start: int, stop: int) -> Counter[int]:
        """How many lines of which shape stand in [start, stop)."""
        return Counter(self.shape_at[start:stop])


def survey(source: Source) -> Survey:
    """Read `source` once."""
    seen = Survey()
    known: dict[bytes, int] = {}
    by_shape: dict[str, int] = {}
    for block in source.blocks():
        lines, keys = lines_of(block), keys_of(block)
        start = seen.lines
        numbers = [known.get(key, -1) for key in keys]
        if -1 in numbers:
            for at, number in enumerate(numbers):
                if number < 0:
                    key = keys[at]
                    # An earlier line of this block may have brought the key in.
                    new = known.get(key, -1)
                    if new < 0:
                        new = _shape(seen, by_shape, lines[at], start + at)
                        if len(key) <= _LONGEST_KEY:
                            known[key] = new
                    numbers[at] = new
        for number, count in Counter(numbers).items():
            seen.shapes[number].count += count
        # Of equal keys a dictionary keeps the last value: the last line of each shape.
        for number, last in dict(zip(numbers, range(start, start + len(numbers)), strict=True)).items():
            seen.shapes[number].last = last
        if len(seen.shape_at) < _MAX_LINES:
            seen.shape_at.extend(numbers[: _MAX_LINES - len(seen.shape_at)])
        seen.heads += [(start + at, lines[at][:60]) for at in range(-start % _STRIDE, len(lines), _STRIDE)]
        seen.lines += len(lines)
        seen.size += len(block) if block.isascii() else len(block.encode("utf-8", "surrogatepass"))
        seen.size += not block.endswith("\n")
        if len(known) > _MAX_KEYS:
            known.clear()
    return seen


def _shape(seen: Survey, by_shape: dict[str, int], line: str, index: int) -> int:
    name = shape_of(line)
    worth = telling(line)
    if name in by_shape:
        number = by_shape[name]
        # Digits can matter (`100%`, `status=1`): then the line is of another kind.
        if worth <= seen.shapes[number].worth + 5:
            return number
        name = f"{name}\0{worth:.0f}"
    full = len(seen.shapes)
    if full >= (2 if worth >= _TELLING else 1) * MAX_SHAPES:
        # So many kinds that a kind says nothing: the first words have to do, or nothing at all.
        name = " ".join(name.split()[:3])[:80] if full < 3 * MAX_SHAPES else ""
    number = by_shape.setdefault(name, len(seen.shapes))
    if number == len(seen.shapes):
        seen.shapes.append(Shape(line[:HEAD], index, worth))
    return number
