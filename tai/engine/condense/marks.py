"""What is said where lines are missing, and the receipt of all that is. Short: a mark costs tokens that lines could have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tai.engine.condense.survey import Survey
from tai.events import LeftOut, Receipt
from tai.model import Observation
from tai.parsers.timestamps import stamp_of

# How many of the commonest kinds a receipt names.
_NAMED: Final = 5
_EXAMPLE: Final = 160


def gap(survey: Survey, start: int, stop: int) -> str:
    """What stands in place of lines [start, stop): how many, of how many kinds where that is another number."""
    total = stop - start
    kinds = len(survey.kinds(start, stop)) if stop <= len(survey.shape_at) else 0
    words = "1 line" if total == 1 else f"{total} lines"
    return f"{words}, {kinds} {'kind' if kinds == 1 else 'kinds'}" if 1 <= kinds < total else words


def repeats(label: str, index: int, last: str, left_out: int) -> str:
    """Of a kept line whose like were left out: how many, and until when."""
    stamp = stamp_of(last, year=2000)
    until = f" until {stamp.text}" if stamp else ""
    return f"{left_out} more like {label}:{index + 1}{until}"


def receipt(seen: Observation, survey: Survey, kept: Sequence[int], kept_size: int) -> Receipt:
    """What is missing of one observation."""
    kept_of = Counter(survey.shape_at[index] for index in kept if index < len(survey.shape_at))
    missing = [
        (shape.count - kept_of[number], number)
        for number, shape in enumerate(survey.shapes)
        if shape.count > kept_of[number] and shape.text.strip()
    ]
    missing.sort(key=lambda pair: (-pair[0], pair[1]))
    return Receipt(
        observation=seen.id,
        lines=survey.lines,
        kept_lines=len(kept),
        size=survey.size,
        kept_size=kept_size,
        kinds=sum(1 for shape in survey.shapes if shape.text.strip()),
        kept_kinds=sum(1 for number in kept_of if survey.shapes[number].text.strip()),
        left_out=tuple(
            LeftOut(
                lines=count,
                example=survey.shapes[number].text[:_EXAMPLE],
                first=survey.shapes[number].first + 1,
                last=survey.shapes[number].last + 1,
            )
            for count, number in missing[:_NAMED]
        ),
        note="the host's output itself was cut at the byte limit" if seen.truncated else "",
    )
