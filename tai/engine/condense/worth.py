"""What each line of the evidence is worth showing. Candidates only: of a long output, lines that can matter at all.

Adds up what the line says of trouble (`telling`), how rare it is, what the ticket asks (`about`), the rows that stand out, and
what other evidence refers to. The order of weights was tuned on half of the shared incidents; see docs/performance.md.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log10
from typing import Final

from tai.engine.condense.about import About
from tai.engine.condense.nested import is_member, nested
from tai.engine.condense.outstanding import outstanding
from tai.engine.condense.records import LONGEST, essence, extent
from tai.engine.condense.source import Source, pick
from tai.engine.condense.survey import Shape, Survey
from tai.engine.condense.telling import gist, telling
from tai.parsers.timestamps import stamp_of

CITED: Final = 10_000.0
# Outputs up to this many lines are weighed line by line, longer ones shape by shape.
_SHORT: Final = 1500
# Tables of this many lines are read as a whole; their parts say little.
_SMALL: Final = 12
# Shapes of one long output that go on to the choice: some ten times what fits the largest budgets in use.
_MOST: Final = 1200
# Of these, the ones worth looking around for context and records.
_LOOKED_AROUND: Final = 250
_CONTEXT: Final = 2
# So far above a member of an object, what has it is looked for.
_ABOVE: Final = 400
TELLING: Final = 30.0
# Lines that others nearby can raise, how near that is, and how often a line may occur to be raised.
_NOTABLE: Final = 20.0
_NEAR: Final = 10
_RARE: Final = 20
_COMPANY: Final = 20.0

# Names by which one line refers to another: paths, units, devices, ports, quoted words.
_REFERENCE = re.compile(
    r"(?:/[\w.@:+-]+){2,}|\b[\w@.-]+\.(?:service|socket|mount|timer|conf|cnf|yaml|yml|json|sock|pem|crt|key|lock|pid)\b"
    r"|\b(?:sd[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|vd[a-z]\d*|xvd[a-z]\d*|md\d+|dm-\d+)\b|(?<=port )\d{2,5}\b|(?<=:)\d{3,5}\b"
    r"|(?<=['\"`])[\w./@:-]{4,60}(?=['\"`])|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)
_REFERENCES: Final = 80
_REFERRED: Final = 26.0


@dataclass(slots=True)
class Evidence:
    """One observation on its way through: order, its label, where its lines are, what the survey found, which lines are cited."""

    order: int
    source: Source
    survey: Survey
    cited: Collection[int]
    candidates: dict[int, Candidate] = field(default_factory=dict)


@dataclass(slots=True)
class Candidate:
    """A line that may be kept. index: from 0; asked: the part of its worth that the ticket gives it; record: the indices of
    the record that it stands in, its own included, () when it stands alone.
    """

    index: int
    text: str
    worth: float
    asked: float = 0.0
    record: tuple[int, ...] = ()


def weigh(evidence: Sequence[Evidence], about: About) -> None:
    """Give each evidence its candidates."""
    stems = {each.order: [about.stems(shape.text) for shape in each.survey.shapes] for each in evidence}
    for each in evidence:
        pairs = zip(stems[each.order], each.survey.shapes, strict=True)
        about.learn(((words, shape.count) for words, shape in pairs if words), each.survey.lines)
    for each in evidence:
        asked = [
            about.of_words(words)
            + about.of_names(shape.text)
            + (about.of_topic(shape.text) if shape.worth else 0.0)
            for shape, words in zip(each.survey.shapes, stems[each.order], strict=True)
        ]
        worths = [
            _of_shape(shape, each.survey, wanted)
            for shape, wanted in zip(each.survey.shapes, asked, strict=True)
        ]
        if each.survey.lines <= _SHORT:
            _line_by_line(each, worths, asked)
        else:
            _shape_by_shape(each, about, worths, asked)
        _together(each)
        _by_window(each, about)
    _refer(evidence)
    texts = {each.order: _look_around(each) for each in evidence}
    for each in evidence:
        _cite(each, texts[each.order])


def _rarity(count: int) -> float:
    """1 for a line that stands alone, 0.5 for one of ten, 0.25 for one of a thousand."""
    return 1 / (1 + log10(max(1, count)))


def _of_shape(shape: Shape, survey: Survey, asked: float) -> float:
    if not shape.text.strip():
        return 0.0
    rare = _rarity(shape.count)
    trouble = shape.worth * (0.45 + 0.55 * rare)
    # What went on all the time, before and after, is how this host is; it may matter, but other lines first.
    if shape.count >= 20 and shape.last - shape.first > 0.8 * survey.lines:
        trouble *= 0.7
    # A telling line about the ticket's own subject is what was looked for.
    return 1.0 + 6.0 * rare + trouble + asked * (0.6 + shape.worth / 150)


def _line_by_line(each: Evidence, worths: Sequence[float], asked: Sequence[float]) -> None:
    survey = each.survey
    texts = pick(each.source, range(survey.lines))
    rows = outstanding([texts[index] for index in range(survey.lines)])
    small = survey.lines <= _SMALL
    met: Counter[int] = Counter()
    for index in range(survey.lines):
        text = texts[index]
        if not text.strip():
            continue
        number = survey.shape_at[index]
        shape = survey.shapes[number]
        worth = worths[number]
        own = telling(text) if index != shape.first else shape.worth
        worth += max(0.0, own - shape.worth) + (8.0 if small else 0.0)
        met[number] += 1
        if met[number] > 1:
            # The last of its kind says until when; those between are told by the count alone.
            worth *= 0.5 if shape.last == index else (0.3 if survey.lines <= 60 else 0.12)
        elif index == 0 and rows:
            worth += 20.0  # what the columns mean
        worth += 40.0 * rows.get(index, 0.0)
        each.candidates[index] = Candidate(index, text, worth, asked[number])


def _shape_by_shape(each: Evidence, about: About, worths: Sequence[float], asked: Sequence[float]) -> None:
    survey = each.survey
    worths = _foreign(survey, worths)
    best = heapq.nlargest(
        _MOST, range(len(worths)), key=lambda number: (worths[number], -survey.shapes[number].first)
    )
    wanted: dict[int, float] = {}
    inside = _first_inside(survey, about)
    for number in best:
        shape, worth = survey.shapes[number], worths[number]
        if worth <= 0:
            continue
        start = inside.get(number, shape.first)
        wanted[start] = worth
        if start != shape.first and shape.worth >= TELLING:
            wanted[shape.first] = worth * 0.6
        if shape.last not in wanted and shape.count > 1:
            wanted[shape.last] = worth * (0.4 if shape.worth >= TELLING else 0.15)
    texts = pick(each.source, wanted)
    for index in sorted(wanted):
        if texts[index].strip():
            number = survey.shape_at[index] if index < len(survey.shape_at) else -1
            each.candidates[index] = Candidate(
                index, texts[index], wanted[index], asked[number] if number >= 0 else 0.0
            )


def _foreign(survey: Survey, worths: Sequence[float]) -> list[float]:
    """In a log whose lines begin with a time, one without is part of something longer, or was printed by something else."""
    stamped = [stamp_of(shape.text, year=2000) is not None for shape in survey.shapes]
    share = sum(shape.count for shape, has in zip(survey.shapes, stamped, strict=True) if has) / survey.lines
    if share < 0.9:
        return list(worths)
    return [
        worth + (0.0 if has or not worth else 8.0 * _rarity(shape.count))
        for worth, shape, has in zip(worths, survey.shapes, stamped, strict=True)
    ]


def _first_inside(survey: Survey, about: About) -> dict[int, int]:
    """Shape → its first line within the ticket's window, by the times of every so many lines."""
    if not about.timed:
        return {}
    start, stop = 0, -1
    for index, head in survey.heads:
        side = about.side(head)
        if side == -1 and stop < 0:
            start = index  # the window begins behind the last of these
        elif side == 0:
            stop = survey.lines
        elif side == 1:
            stop = index
            break
    stop = min(stop, len(survey.shape_at))
    if stop <= start:
        return {}
    return dict(zip(reversed(survey.shape_at[start:stop]), range(stop - 1, start - 1, -1), strict=True))


def _together(each: Evidence) -> None:
    """Raise rare telling lines that stand near others, of other kinds or about the ticket's subject: trouble comes in company."""
    survey = each.survey
    ones = [
        found
        for _, found in sorted(each.candidates.items())
        if found.worth >= _NOTABLE
        and found.index < len(survey.shape_at)
        and survey.shapes[survey.shape_at[found.index]].count <= _RARE
    ]
    raised: list[float] = []
    for at, found in enumerate(ones):
        near: dict[frozenset[str], float] = {}
        asked = 0.0
        for step in (-1, 1):
            other = at + step
            while 0 <= other < len(ones) and abs(ones[other].index - found.index) <= _NEAR:
                beside = ones[other]
                said = gist(beside.text)
                if said != gist(found.text):
                    near[said] = max(near.get(said, 0.0), beside.worth)
                    asked = max(asked, beside.asked)
                other += step
        company = sum(sorted(near.values(), reverse=True)[:3])
        raised.append(min(_COMPANY, 0.04 * company) + max(0.0, 0.5 * (asked - found.asked)))
    for found, more in zip(ones, raised, strict=True):
        found.worth += more


def _by_window(each: Evidence, about: About) -> None:
    if not about.timed:
        return
    inside = {index: about.inside(found.text) for index, found in each.candidates.items()}
    # A log that ends before, or whose clock has another zone, would lose everything.
    if not any(inside.values()):
        return
    for index, found in each.candidates.items():
        if inside[index] is not None:
            found.worth *= 1.3 if inside[index] else 0.8


def _refer(evidence: Sequence[Evidence]) -> None:  # noqa: PLR0912 - one walk, with what ends it
    """Raise lines that name what a telling line of another observation names."""
    if len(evidence) < 2:
        return
    telling_ones = heapq.nlargest(
        60,
        (
            (found.worth, -each.order, -index)
            for each in evidence
            for index, found in each.candidates.items()
            if found.worth >= TELLING * 1.5
        ),
    )
    named: dict[str, int] = {}
    for _, order, index in telling_ones:
        for name in _REFERENCE.findall(evidence[-order].candidates[-index].text):
            if len(named) < _REFERENCES:
                named.setdefault(name, -order)
    if not named:
        return
    forms = {name: re.compile(rf"(?<![\w]){re.escape(name)}(?!\w)") for name in named}
    for each in evidence:
        hits: dict[str, list[Candidate]] = {}
        for name, order in named.items():
            if order == each.order:
                continue
            for _, found in sorted(each.candidates.items()):
                if name in found.text and forms[name].search(found.text):
                    hits.setdefault(name, []).append(found)
        raised: set[int] = set()
        for found_ones in hits.values():
            # A name that stands everywhere refers to nothing.
            if len(found_ones) <= max(3, each.survey.lines // 50):
                for found in found_ones:
                    if found.index not in raised:
                        raised.add(found.index)
                        found.worth += _REFERRED * _rarity(len(found_ones))


def _look_around(each: Evidence) -> Mapping[int, str]:
    """Join candidates to their records, and add what stands beside the telling ones. Returns the texts read."""
    lines = each.survey.lines
    best = heapq.nlargest(
        _LOOKED_AROUND,
        (found for found in each.candidates.values() if found.worth >= TELLING),
        key=lambda found: (found.worth, -found.index),
    )
    cited = sorted(index for index in each.cited if index < lines)
    centres = [*(found.index for found in best), *cited]
    above = {found.index: _ABOVE for found in best if is_member(found.text)}
    texts = pick(
        each.source,
        (i for at in centres for i in range(max(0, at - above.get(at, 40)), min(lines, at + 60))),
    )
    for found in best:
        _join(each, found, texts)
    for found in best:
        for near in range(found.index - _CONTEXT, found.index + _CONTEXT + 1):
            text = texts.get(near, "")
            if text.strip():
                worth = found.worth * 0.3 / max(1, abs(near - found.index)) ** 0.5
                beside = each.candidates.get(near)
                if beside is None:
                    each.candidates[near] = Candidate(near, text, worth)
                elif beside.worth < worth:
                    beside.worth = worth
    return texts


def _join(each: Evidence, found: Candidate, texts: Mapping[int, str]) -> None:
    first = last = found.index
    while first - 1 in texts and found.index - first < max(LONGEST, _ABOVE):
        first -= 1
    while last + 1 in texts and last - found.index < LONGEST:
        last += 1
    around = [texts[index] for index in range(first, last + 1)]
    if member := nested(around, found.index - first):
        found.record = tuple(first + index for index in member)
    else:
        near = max(0, found.index - first - LONGEST)
        start, stop = extent(around[near:], found.index - first - near)
        if start == stop:
            return
        found.record = tuple(range(first + near + start, first + near + stop + 1))
    for index in found.record:
        each.candidates.setdefault(index, Candidate(index, texts[index], 0.0))


def abridged(each: Evidence, record: Sequence[int], limit: int) -> list[int]:
    """A record that is too long: its head, its root cause, its end."""
    chosen = essence([each.candidates[index].text for index in record], limit)
    return [record[index] for index in chosen]


def _cite(each: Evidence, texts: Mapping[int, str]) -> None:
    for index in each.cited:
        if index in texts:
            found = each.candidates.setdefault(index, Candidate(index, texts[index], 0.0))
            found.worth += CITED
