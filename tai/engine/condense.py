"""Evidence → what fits into a token budget, with a receipt for all that was left out. Pure and repeatable.

Not a summary: a line is kept whole or left out, never reworded, so a quote of a kept line is a quote of the host.
Lines compete across all observations. A line that a finding cites always stays; then rank decides: telling words, the
ticket's names, rarity of the line's shape, being the first of its shape, and nearness to a telling line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tai.events import Receipt
from tai.model import Finding, Observation, Subjects

# Words by which a log line says that something is wrong, by weight. General to logs, not to one program.
_FATAL = re.compile(
    r"(?i)\b(?:panic|fatal|emerg|alert|crit(?:ical)?|oom|out of memory|killed process|segfault|core.?dump(?:ed)?|corrupt\w*|"
    r"no space left|read-only file ?system|i/o error|certificate.{0,20}expired|main process exited|table full|degraded)\b"
)
_TELLING = re.compile(
    r"(?i)\b(?:err(?:or|no)?s?|fail(?:ed|ure|s|ing)?|den(?:ied|y)|refused|unreachable|timed? ?out|timeout|cannot|can't|could not|unable|"
    r"invalid|not found|no such|missing|abort\w*|crash\w*|expired|exceed\w*|reject\w*|drop(?:ped|ping)?|lost|reset|limit|conflict|"
    r"in use|exhausted|full|stuck|hung|blocked|warn(?:ing)?|unknown|mismatch|exit(?:ed)?|stopp?(?:ed|ing)?|100%|inactive|dead)\b"
)
# What differs between two lines that say the same: times, numbers, ids, addresses.
_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|\d+")

# Tables of this many lines are read as a whole; their parts say little.
_SMALL = 12
_CONTEXT = 2
# What one mark for left-out lines costs, about.
_GAP = "[... 100 lines left out, of 10 kinds]"


@dataclass(frozen=True, slots=True)
class Section:
    """What is kept of one observation: (line number, text) in order, `gaps` telling what stands before a number."""

    observation: Observation
    lines: tuple[tuple[int, str], ...]
    gaps: dict[int, str]
    tail: str


@dataclass(frozen=True, slots=True)
class Condensed:
    """Sections in the order of the observations, and a receipt for each."""

    sections: tuple[Section, ...]
    receipts: tuple[Receipt, ...]


def condense(
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    subjects: Subjects,
    *,
    budget: int,
    count: Callable[[str], int],
) -> Condensed:
    """Choose lines within `budget` tokens, as `count` counts them.

    Cited lines come first even when the budget is small; they alone can exceed it.
    """
    cited = {(quote.observation, quote.line) for finding in findings for quote in finding.cited}
    names = _name_pattern(subjects)
    candidates: list[tuple[float, int, int, int]] = []
    for order, seen in enumerate(observations):
        for index, score in enumerate(_scores(seen, names, cited)):
            cost = count(f"{seen.id}:{index + 1}| {seen.lines[index]}\n")
            candidates.append((-score, order, index, cost))
    candidates.sort()
    headers = [count(f"{seen.id}: {seen.source} (exit 1)\n{_GAP}\n") for seen in observations]
    kept: dict[int, set[int]] = {order: set() for order in range(len(observations))}
    # Every command is named in the prompt, with lines or without, so its name is paid for first.
    left = budget - sum(headers)
    for negative, order, index, cost in candidates:
        must = negative <= -_CITED
        if must or (-negative >= _WORTH and cost <= left):
            kept[order].add(index)
            left -= cost
    sections = tuple(_section(seen, sorted(kept[order])) for order, seen in enumerate(observations))
    receipts = tuple(_receipt(section) for section in sections)
    return Condensed(sections, receipts)


_CITED = 1000.0
# Below this, a line is one of many alike and says nothing more, even when there is room.
_WORTH = 0.2


def _scores(seen: Observation, names: re.Pattern[str] | None, cited: set[tuple[str, int]]) -> list[float]:
    """Worth of each line of one observation; 0 for a line that only repeats."""
    lines = seen.lines
    shapes = [_VARIABLE.sub("#", line).strip() for line in lines]
    total = Counter(shapes)
    last = {shape: index for index, shape in enumerate(shapes)}
    met: set[str] = set()
    scores: list[float] = []
    for index, (line, shape) in enumerate(zip(lines, shapes, strict=True)):
        score = 10.0 if len(lines) <= _SMALL else 1.0
        if _FATAL.search(line):
            score += 40.0
        elif _TELLING.search(line):
            score += 20.0
        if names and names.search(line):
            score += 15.0
        score += 6.0 / total[shape]
        repeats = shape in met
        met.add(shape)
        if repeats:
            # The last of its kind says until when; those in the middle are told by the count alone.
            score = score * 0.5 if last[shape] == index else score * 0.1
        if (seen.id, index + 1) in cited:
            score += _CITED
        scores.append(score if line.strip() else 0.0)
    return _with_context(scores)


def _with_context(scores: list[float]) -> list[float]:
    """Lines beside a telling one are worth a third of it: they say what was going on."""
    raised = list(scores)
    for index, score in enumerate(scores):
        if score >= 20.0:
            for near in range(max(0, index - _CONTEXT), min(len(scores), index + _CONTEXT + 1)):
                if near != index and scores[near] > 0:
                    raised[near] = max(raised[near], min(score, _CITED / 10) / 3)
    return raised


def _name_pattern(subjects: Subjects) -> re.Pattern[str] | None:
    names = [*subjects.units, *subjects.processes, *subjects.addresses, *subjects.mounts]
    names += [f":{port}" for port in subjects.ports]
    return re.compile("|".join(re.escape(name) for name in names)) if names else None


def _section(seen: Observation, indices: list[int]) -> Section:
    lines = seen.lines
    gaps: dict[int, str] = {}
    after = 0
    for index in indices:
        if index > after:
            gaps[index + 1] = _gap(lines[after:index])
        after = index + 1
    tail = _gap(lines[after:]) if after < len(lines) and indices else ""
    return Section(seen, tuple((index + 1, lines[index]) for index in indices), gaps, tail)


def _gap(lines: Iterable[str]) -> str:
    shapes = Counter(_VARIABLE.sub("#", line).strip() for line in lines)
    total = sum(shapes.values())
    if len(shapes) == 1:
        return f"{total} lines like the others left out" if total > 1 else "1 line left out"
    return f"{total} lines left out, of {len(shapes)} kinds"


def _receipt(section: Section) -> Receipt:
    seen = section.observation
    size = sum(len(line.encode()) + 1 for line in seen.lines)
    kept_size = sum(len(line.encode()) + 1 for _, line in section.lines)
    note = "the host's output itself was cut at the byte limit" if seen.truncated else ""
    return Receipt(
        observation=seen.id,
        lines=len(seen.lines),
        kept_lines=len(section.lines),
        size=size,
        kept_size=kept_size,
        note=note,
    )
