"""The shape that every parser returns, and nothing else: rows of plain values that know their line.

A row is a mapping of field name to value. Two keys are for citing, not for reading:

    _line   the line, from 1, that the row was read from
    _at     field → line, for rows that span several lines; a field that is not in it stands in `_line`
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
Rows = list[Row]


def line_of(row: Row, field: str = "") -> int:
    """The line, from 1, in which `field` of this row stands, or the row's own."""
    at: dict[str, int] = row.get("_at", {})
    own: int = row["_line"]
    return at.get(field, own)


def number(text: str) -> int | float | str:
    """`12` → 12, `1.5` → 1.5, anything else unchanged."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def percent(part: float, whole: float) -> float:
    """`part` of `whole` in percent with one decimal; 0.0 where there is no whole."""
    return round(100 * part / whole, 1) if whole else 0.0
