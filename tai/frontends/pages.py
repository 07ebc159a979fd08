"""The three views of an observation, as lines: raw as the host printed it, parsed into fields, condensed to its kinds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

from tai.commands.views import Form
from tai.engine.condense.kinds import kinds
from tai.frontends.lines import cut, shown
from tai.model import Observation

FORMS: Final[tuple[Form, ...]] = ("raw", "parsed", "condensed")

# One line of a host can be a megabyte of JSON.
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """number: of the host's line, 0 for none of its own; cited: a finding or a verified claim rests on it."""

    number: int
    text: str
    cited: bool = False


def pages(seen: Observation, form: Form, cited: frozenset[int]) -> Sequence[Line]:
    """The lines of `form`, each fit for a terminal."""
    match form:
        case "raw":
            return [Line(n, _fit(text), n in cited) for n, text in enumerate(seen.lines, start=1)]
        case "parsed":
            return _parsed(seen.data)
        case "condensed":
            return _condensed(seen, cited)
        case _:
            assert_never(form)


def _parsed(data: Any) -> Sequence[Line]:
    if data is None:
        return [Line(0, "There is no parser for this output, or it could not read it; 1 shows it raw.")]
    rows = data if isinstance(data, list) else [data]
    if not rows:
        return [Line(0, "The parser found nothing in it.")]
    lines: list[Line] = []
    for n, row in enumerate(rows, start=1):
        if n > 1:
            lines.append(Line(0, ""))
        fields = row.items() if isinstance(row, dict) else [("", row)]
        width = max((len(str(name)) for name, _ in fields), default=0)
        lines += [Line(n, _fit(f"{name!s:<{width}}  {_value(value)}")) for name, value in fields]
    return lines


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _condensed(seen: Observation, cited: frozenset[int]) -> Sequence[Line]:
    """Each kind's first line, and before it how often the kind came; cited lines stand by themselves too."""
    found = {kind.line: kind for kind in kinds(seen.text)}
    width = len(str(max((kind.count for kind in found.values()), default=1)))
    lines = seen.lines
    made: list[Line] = []
    for n in sorted({*found, *(n for n in cited if 0 < n <= len(lines))}):
        kind = found.get(n)
        often = f"{kind.count:>{width}}× " if kind and kind.count > 1 else " " * (width + 2)
        made.append(Line(n, often + _fit(lines[n - 1]), n in cited))
    return made


def _fit(text: str) -> str:
    """Through the gate, on one line, with the spaces that make columns left as they are."""
    return shown(cut(text, _LONGEST)).plain.replace("\n", " ").expandtabs(8)
