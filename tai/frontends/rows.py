"""A table for people and for pipes: laid out on a terminal, one line an entry with tabs between the cells elsewhere."""

from __future__ import annotations

import sys

from rich.table import Table
from rich.text import Text

from tai.frontends.console import open_console


class Rows:
    """A table in the making: `add_row` and then `show`. Cells are sanitised text."""

    def __init__(self, *columns: str) -> None:
        self._columns = columns
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """One more entry, a cell for each column."""
        self._rows.append(cells)

    def show(self) -> None:
        """Print it to standard output."""
        if not sys.stdout.isatty():
            sys.stdout.writelines("\t".join(cells) + "\n" for cells in (self._columns, *self._rows))
            return
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
        for column in self._columns:
            table.add_column(column, overflow="fold")
        for cells in self._rows:
            table.add_row(*map(Text, cells))
        open_console(sys.stdout).print(table)
