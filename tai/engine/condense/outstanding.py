"""Rows of a table that stand out by a number: the largest in a column, and columns that should be near zero or are at their limit.

For small outputs only (`df`, `du`, `ps`, `ss`, `lsof`): in a log, numbers of a column are of all kinds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Final

_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)([kKMGTP]?)(?:i?[bB])?(%?)")
_UNITS: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
# How many rows of one column may stand out, and by which factor over the column's median.
_TOP: Final = 3
_FACTOR: Final = 4.0
# Rows to compare need a few.
_FEWEST: Final = 3
_FULL: Final = 90.0


def outstanding(lines: Sequence[str]) -> dict[int, float]:
    """Index → 0 to 1, how much the row stands out. Rows are compared with rows of as many fields."""
    tables: dict[int, list[tuple[int, list[str]]]] = defaultdict(list)
    for index, line in enumerate(lines):
        fields = line.split()
        if 1 < len(fields) <= 24:
            tables[len(fields)].append((index, fields))
    found: dict[int, float] = {}
    for width in sorted(tables):
        rows = tables[width]
        if len(rows) < _FEWEST:
            continue
        for column in range(width):
            for index, worth in _column([(index, fields[column]) for index, fields in rows]):
                found[index] = max(found.get(index, 0.0), worth)
    return found


def _column(cells: Sequence[tuple[int, str]]) -> list[tuple[int, float]]:
    amounts: list[tuple[float, int]] = []
    units = percent = False
    for index, cell in cells:
        amount = _AMOUNT.fullmatch(cell)
        if amount:
            value = float(amount[1].replace(",", ".")) * _UNITS[amount[2]]
            units = units or bool(amount[2])
            percent = percent or bool(amount[3])
            amounts.append((value, index))
    if len(amounts) < max(_FEWEST, len(cells) // 2):
        return []
    if percent:
        return [(index, 1.0 if value >= 100 else 0.7) for value, index in amounts if value >= _FULL]
    typical = median(value for value, _ in amounts)
    amounts.sort(key=lambda pair: (-pair[0], pair[1]))
    # Without a unit a number may be an id; then only a lone giant says something.
    worth, factor = (0.8, _FACTOR) if units else (0.25, 20.0)
    return [(index, worth) for value, index in amounts[:_TOP] if value > factor * max(typical, 1e-9)]
