"""What condensing gives back: kept lines, marks where lines are missing, and receipts. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from tai.events import Receipt
from tai.model import Observation


@dataclass(frozen=True, slots=True)
class Section:
    """What is kept of one observation: (line number, text) in order; `gaps` tells what stands before a line's number."""

    observation: Observation
    lines: tuple[tuple[int, str], ...]
    gaps: dict[int, str]
    tail: str


@dataclass(frozen=True, slots=True)
class Condensed:
    """Sections in the order of the observations, and a receipt for each. tokens: of the sections, as counted."""

    sections: tuple[Section, ...]
    receipts: tuple[Receipt, ...]
    tokens: int = 0
