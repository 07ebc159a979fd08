"""What changed on the host between two looks at the same thing. Pure: two observations in, the lines of a diff out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the prompt stands before pydantic's models are built
    from tai.model import Observation

# difflib takes time that grows with the square of what differs; of longer texts only the ends that differ are compared.
_MOST = 3000


def looked_twice(
    observations: Sequence[Observation], what: str = ""
) -> list[tuple[Observation, Observation]]:
    """The last two looks at each thing that was looked at twice, in the order of the later look.

    what: only those of this probe, or of this observation (`E3`, `3`); '' for all. The same thing is the same command on the
    same host, or the same label for what was attached or filtered.
    """
    looks: dict[tuple[str, str], list[Observation]] = {}
    for seen in observations:
        looks.setdefault((seen.host, seen.source), []).append(seen)
    wanted = what.lstrip("#").upper()
    pairs = [
        (several[-2], several[-1])
        for several in looks.values()
        if len(several) > 1
        and (not what or what == several[-1].probe or any(wanted in (s.id, s.id[1:]) for s in several))
    ]
    return sorted(pairs, key=lambda pair: int(pair[1].id[1:]))


def changed(before: Observation, after: Observation) -> Iterator[str]:
    """A unified diff without its header, three lines of context; nothing when the texts are the same.

    Beyond some thousand lines that differ, the middle is told by its size.
    """
    if before.outcome is not after.outcome:
        yield f"-{before.outcome.value.replace('_', ' ')} {before.reason}".rstrip()
        yield f"+{after.outcome.value.replace('_', ' ')} {after.reason}".rstrip()
    old, new = before.lines, after.lines
    if old == new:
        return
    start = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    room = min(len(old), len(new)) - start
    end = next((n for n in range(room) if old[-1 - n] != new[-1 - n]), room)
    if max(len(old), len(new)) - start - end > _MOST:
        yield f"@@ line {start + 1} on: {len(old) - start - end:,} lines gave way to {len(new) - start - end:,} @@"
        return
    yield from list(difflib.unified_diff(old, new, n=3, lineterm=""))[2:]
