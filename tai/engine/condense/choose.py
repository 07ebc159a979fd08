"""Which candidates are kept within a budget of tokens. Greedy by worth; what an output has given already makes its next line worth less.

Not a weighing of lines: that is `tai.engine.condense.worth`. Cited lines are kept first, and they alone can exceed the budget.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tai.engine.condense.telling import gist
from tai.engine.condense.worth import CITED, Candidate, Evidence, abridged
from tai.parsers.timestamps import stamp_of

# What one mark for left-out lines costs, about; see `tai.engine.condense.marks`.
GAP: Final = "[... 1234 lines, 56 kinds]\n"
# After so many records of one output the next is worth half.
_HALF: Final = 60
# Below this, a line is one of many alike and says nothing more, even when there is room.
_LEAST: Final = 0.75
# A record may take this share of the budget; a longer one is abridged.
_SHARE: Final = 3
# A line that says of another device, user or file what a better line says is worth this part, and so on for each.
_SAID_BEFORE: Final = 0.6
# Characters of a usual line of a log, its label included.
_USUAL: Final = 140
_LISTED_BEFORE: Final = 0.9
_REMEMBERED: Final = 12
_WORD = re.compile(r"[a-z]{3,}")


@dataclass(slots=True)
class Kept:
    """The lines kept of one observation: sorted indices from 0, and what each weighs."""

    indices: list[int] = field(default_factory=list)
    worth: dict[int, float] = field(default_factory=dict)

    def gaps_after(self, index: int, lines: int) -> int:
        """How many marks for missing lines more there are once `index` is kept too."""
        at = bisect.bisect_left(self.indices, index)
        before = self.indices[at - 1] if at else -1
        after = self.indices[at] if at < len(self.indices) else lines
        if not self.indices:
            return (index > 0) + (index < lines - 1)
        return (index - before > 1) + (after - index > 1) - (after - before > 1)

    def add(self, index: int, worth: float) -> None:
        bisect.insort(self.indices, index)
        self.worth[index] = worth


def choose(
    evidence: Sequence[Evidence],
    labels: Sequence[str],
    headers: Sequence[int],
    budget: int,
    count: Callable[[str], int],
) -> list[Kept]:
    """Keep lines while they fit. labels: of each observation; headers: what naming it costs, lines or none."""
    kept = [Kept() for _ in evidence]
    left = budget - sum(headers)
    gap = count(GAP)
    costs: dict[tuple[int, int], int] = {}

    def cost(order: int, found: Candidate) -> int:
        key = (order, found.index)
        if key not in costs:
            costs[key] = count(f"{labels[order]}:{found.index + 1}| {found.text}\n")
        return costs[key]

    for worth, order, index in _queue(evidence):
        each, mine = evidence[order], kept[order]
        if index in mine.worth:
            continue
        found = each.candidates[index]
        must = worth >= CITED
        if not must and left < gap:
            continue
        for group in _groups(each, found, budget, lambda one, order=order: cost(order, one)):  # type: ignore[misc]
            new = [i for i in group if i not in mine.worth]
            price = sum(cost(order, each.candidates[i]) for i in new)
            trial = Kept(list(mine.indices))
            for i in new:
                price += gap * trial.gaps_after(i, each.survey.lines)
                trial.add(i, 0)
            if price <= left or (must and group == [index]):
                for i in new:
                    mine.add(i, worth if i == index else min(worth, worth * 0.9))
                left -= price
                break
    return kept


def _queue(evidence: Sequence[Evidence]) -> list[tuple[float, int, int]]:
    """(worth, order, index), best first; equal ones in the order of the evidence."""
    queue: list[tuple[float, int, int]] = []
    for each in evidence:
        ranked = sorted(each.candidates.values(), key=lambda found: (-_thrift(found), found.index))
        met: dict[frozenset[str], list[frozenset[str]]] = {}
        fresh: list[tuple[float, int]] = []
        for found in ranked:
            if found.worth < _LEAST:
                continue
            worth = found.worth if found.worth >= CITED else _after_alike(found, _alike(found, met))
            fresh.append((worth, found.index))
        fresh.sort(key=lambda pair: (-pair[0], pair[1]))
        for rank, (worth, index) in enumerate(fresh):
            queue.append((worth if worth >= CITED else worth / (1 + rank / _HALF), each.order, index))
    queue.sort(key=lambda item: (-item[0], item[1], item[2]))
    return queue


def _thrift(found: Candidate) -> float:
    """Worth, more for a line that costs less than most: two lines can say more than a long one."""
    if found.worth >= CITED:
        return found.worth
    return found.worth * min(1.3, max(0.9, float((_USUAL / (len(found.text) + 20)) ** 0.3)))


def _after_alike(found: Candidate, alike: int) -> float:
    # Rows of a list differ in what they are about; messages of a log mostly do not in what they say.
    share = _SAID_BEFORE if stamp_of(found.text, year=2000) else _LISTED_BEFORE
    return _thrift(found) * float(share**alike)


def _alike(found: Candidate, met: dict[frozenset[str], list[frozenset[str]]]) -> int:
    """How many better lines say the same of something else, three at most; `met` learns this one."""
    said = gist(found.text)
    if not said:
        return 0
    words = frozenset(_WORD.findall(found.text[:400].lower()))
    others = met.setdefault(said, [])
    alike = sum(1 for other in others if len(words & other) >= 0.6 * len(words | other))
    if len(others) < _REMEMBERED:
        others.append(words)
    return min(alike, 3)


def _groups(
    each: Evidence, found: Candidate, budget: int, cost: Callable[[Candidate], int]
) -> list[list[int]]:
    """What to try to keep for a candidate: its record whole, its record abridged, itself."""
    tries: list[list[int]] = []
    if found.record:
        price = sum(cost(each.candidates[index]) for index in found.record)
        if price <= budget // _SHARE:
            tries.append(list(found.record))
        each_price = max(1, price // len(found.record))
        for share in (_SHARE, 3 * _SHARE):
            limit = max(4, budget // share // each_price)
            if limit < len(found.record):
                short = abridged(each, found.record, limit)
                tries.append(sorted({*short, found.index}))
    tries.append([found.index])
    return tries
