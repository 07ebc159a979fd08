"""The table of commands that are under way, while they are: number, probe, what it asks, since when. See `activity`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tai.frontends.lines import FAINT, one_line, seconds
from tai.frontends.steps import PROBE_WIDTH, telling

# As many as one connection runs at once; of more, those that began first are the ones to watch.
_ROWS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One command. since: on the clock of `Running`."""

    n: int
    probe: str
    argv: Sequence[str]
    since: float


class Running:
    """A renderable: its times grow with each drawing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def begin(self, n: int, probe: str, argv: Sequence[str]) -> None:
        """Command `n` was sent."""
        self._rows[n] = Row(n, probe, argv, self._clock())

    def end(self, n: int) -> None:
        """Command `n` has ended."""
        self._rows.pop(n, None)

    def clear(self) -> None:
        """None runs any more."""
        self._rows.clear()

    @property
    def names(self) -> str:
        """The probes, for a line."""
        return ", ".join(row.probe for row in self._rows.values())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = list(self._rows.values())
        for row in rows[:_ROWS]:
            name = Text.assemble((f"{f'#{row.n}':>3} ", FAINT), one_line(row.probe))
            name.truncate(PROBE_WIDTH + 4, overflow="ellipsis", pad=True)
            took = Text(f"{seconds(self._clock() - row.since):>8}", style=FAINT)
            asked = one_line(telling(row.argv), FAINT)
            room = options.max_width - name.cell_len - took.cell_len - 3
            asked.truncate(max(room, 1), overflow="ellipsis", pad=True)
            yield Text(" ").join([name, asked, took]) if room > 0 else name
        if len(rows) > _ROWS:
            yield Text(f"    and {len(rows) - _ROWS} more", style=FAINT)
