"""Evidence → what fits into a token budget, with a receipt for all that was left out. Pure and repeatable.

Not a summary: a line is kept whole or left out, never reworded, so a quote of a kept line is a quote of the host. The way down:
`survey` reads each output once and groups its lines by shape; `worth` weighs those that can matter; `choose` keeps what fits;
`marks` says what is missing. The same input gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tai.engine.condense import marks
from tai.engine.condense.about import About
from tai.engine.condense.choose import Kept, choose
from tai.engine.condense.section import Condensed, Section
from tai.engine.condense.source import FileSource, Source, TextSource, pick
from tai.engine.condense.survey import survey
from tai.engine.condense.worth import CITED, Evidence, weigh
from tai.model import Finding, Observation, Subjects, Window

__all__ = ["Condensed", "FileSource", "Section", "Source", "TextSource", "condense"]

# A kept line stands for at least so many alike before the prompt spends a mark on saying so.
_WORTH_SAYING = 3


def condense(
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    subjects: Subjects,
    *,
    budget: int,
    count: Callable[[str], int],
    words: Sequence[str] = (),
    window: Window | None = None,
    sources: Mapping[str, Source] | None = None,
) -> Condensed:
    """Choose lines within `budget` tokens, as `count` counts them.

    Cited lines come first even when the budget is small; they alone can exceed it. words, window: of the ticket. sources: by
    observation's id, where to read lines from in place of its text, for outputs too large to hold.
    """
    cited: dict[str, set[int]] = {}
    for finding in findings:
        for quote in finding.cited:
            cited.setdefault(quote.observation, set()).add(quote.line - 1)
    evidence = []
    for order, seen in enumerate(observations):
        source = (sources or {}).get(seen.id) or TextSource(seen.text)
        evidence.append(Evidence(order, source, survey(source), cited.get(seen.id, set())))
    weigh(evidence, About(subjects, words, window or Window()))
    labels = [seen.id for seen in observations]
    headers = [count(f"{seen.id}: {seen.source} (exit 1)\n\n") for seen in observations]
    kept = choose(evidence, labels, headers, budget, count)
    return _fitted(observations, evidence, kept, sum(headers), budget, count)


def _fitted(  # noqa: PLR0917 - what one call of `condense` has gathered
    observations: Sequence[Observation],
    evidence: Sequence[Evidence],
    kept: Sequence[Kept],
    named: int,
    budget: int,
    count: Callable[[str], int],
) -> Condensed:
    """The sections as they will be rendered, less what turns out not to fit once every mark is written."""
    while True:
        sections = [
            _section(seen, each, mine.indices)
            for seen, each, mine in zip(observations, evidence, kept, strict=True)
        ]
        tokens = named + sum(_tokens(section, count) for section in sections)
        spare = [
            (worth, order, index)
            for order, mine in enumerate(kept)
            for index, worth in mine.worth.items()
            if worth < CITED
        ]
        if tokens <= budget or not spare:
            break
        for _, order, index in sorted(spare)[: max(1, len(spare) // 40)]:
            kept[order].indices.remove(index)
            del kept[order].worth[index]
    receipts = tuple(
        marks.receipt(
            seen,
            each.survey,
            mine.indices,
            sum(
                len(each.candidates[index].text.encode("utf-8", "surrogatepass")) + 1
                for index in mine.indices
            ),
        )
        for seen, each, mine in zip(observations, evidence, kept, strict=True)
    )
    told, tokens = _tell_repeats(evidence, kept, sections, budget - tokens, tokens, count)
    return Condensed(tuple(told), receipts, tokens)


def _tokens(section: Section, count: Callable[[str], int]) -> int:
    name = section.observation.id
    lines = sum(count(f"{name}:{number}| {line}\n") for number, line in section.lines)
    gaps = sum(count(f"[... {text}]\n") for text in section.gaps.values())
    return lines + gaps + (count(f"[... {section.tail}]\n") if section.tail else 0)


def _section(seen: Observation, each: Evidence, indices: Sequence[int]) -> Section:
    gaps: dict[int, str] = {}
    after = 0
    for index in indices:
        if index > after:
            gaps[index + 1] = marks.gap(each.survey, after, index)
        after = index + 1
    tail = marks.gap(each.survey, after, each.survey.lines) if indices and after < each.survey.lines else ""
    return Section(seen, tuple((index + 1, each.candidates[index].text) for index in indices), gaps, tail)


def _tell_repeats(  # noqa: PLR0917 - likewise
    evidence: Sequence[Evidence],
    kept: Sequence[Kept],
    sections: Sequence[Section],
    spare: int,
    tokens: int,
    count: Callable[[str], int],
) -> tuple[list[Section], int]:
    """Say behind which kept lines many alike were left out, as far as the budget goes: the commonest first."""
    wanted: list[tuple[int, int, int, int]] = []
    for each, mine in zip(evidence, kept, strict=True):
        shape_at = each.survey.shape_at
        kept_of = Counter(shape_at[index] for index in mine.indices if index < len(shape_at))
        told: set[int] = set()
        for index in mine.indices:
            number = shape_at[index] if index < len(shape_at) else -1
            if number < 0 or number in told:
                continue
            told.add(number)
            shape = each.survey.shapes[number]
            missing = shape.count - kept_of[number]
            if missing >= _WORTH_SAYING and shape.text.strip():
                wanted.append((-missing, each.order, index, shape.last))
    result = list(sections)
    lasts: dict[int, dict[int, str]] = {}
    for negative, order, index, last in sorted(wanted):
        if order not in lasts:
            lasts[order] = pick(evidence[order].source, (item[3] for item in wanted if item[1] == order))
        section = result[order]
        text = marks.repeats(section.observation.id, index, lasts[order].get(last, ""), -negative)
        price = count(f"; {text}")
        if price > spare:
            continue
        # The mark after the line is the one that its repeats are missing from, most likely.
        following = next((number for number in section.gaps if number > index + 1), None)
        gaps, tail = dict(section.gaps), section.tail
        if following is not None:
            gaps[following] = f"{gaps[following]}; {text}"
        elif tail:
            tail = f"{tail}; {text}"
        else:
            continue
        spare -= price
        tokens += price
        result[order] = Section(section.observation, section.lines, gaps, tail)
    return result, tokens
