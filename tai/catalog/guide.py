"""The lists in docs/writing-collectors.md that code knows better: slots and parsers. `python -m tai.catalog.guide FILE`.

The rest of that page is written by hand; what stands between two marks is written here, so that it cannot drift.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tai.catalog.slots import SAMPLES, SUBJECT_SLOTS, WINDOW
from tai.parsers import PARSERS


def filled(guide: str) -> str:
    """The page with its marked lists as they are now. Raises ValueError for a mark that is missing."""
    for name, lines in (("slots", _slots()), ("parsers", _parsers())):
        marks = re.search(rf"(?s)<!-- begin {name}:[^\n]*-->\n(.*?)<!-- end {name} -->", guide)
        if marks is None:
            raise ValueError(f"the page has no marks for {name}")
        guide = guide[: marks.start(1)] + "".join(f"{line}\n" for line in lines) + guide[marks.end(1) :]
    return guide


def _slots() -> Iterator[str]:
    """Each slot, and what fills it: a kind of name in the ticket, or rows of another probe only."""
    kinds = {slot: kind for kind, slot in SUBJECT_SLOTS.items()}
    yield "| slot | out of the ticket | example |"
    yield "|---|---|---|"
    for slot, sample in SAMPLES.items():
        if slot in WINDOW:
            continue
        source = f'`for_each = "{kinds[slot]}"`' if slot in kinds else "no: only out of another probe's rows"
        yield f"| `{{{slot}}}` | {source} | `{sample}` |"


def _parsers() -> Iterator[str]:
    yield "| parser | reads → fields of its rows |"
    yield "|---|---|"
    for name, parser in PARSERS.items():
        said = " ".join((parser.__doc__ or "").strip().partition("\n\n")[0].split())
        yield f"| `{name}` | {said.replace('|', chr(92) + '|')} |"


def main() -> None:
    """Write the page anew, in place."""
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
