"""What an expression needs is read off it rightly: no line that fits is left out."""

from __future__ import annotations

import re

import pytest

from tai.catalog.literals import clauses, may_fit
from tai.catalog.matching import hits
from tai.catalog.patterns import compiled
from tai.parsers.lines import Lines
from tests.shipped import shipped

CATALOG = shipped()


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("disk full", [{"disk full"}]),
        (r"^\S+ (?P<what>disk) full$", [{" disk full"}]),
        (r".{0,9}(?i:Too Many) \d+ files", [{"too many "}, {" files"}]),
        (r"(?:broken|missing) pipe", [{" pipe"}, {"broken", "missing"}]),
        (r"(?:broken|\d+)", []),
        (r"(?:optional)?needed(?:again)+(?!never)", [{"needed"}, {"again"}]),
        (r"[ab]cd", []),
    ],
)
def test_words_that_must_stand_there(pattern: str, needed: list[set[str]]) -> None:
    assert sorted(map(sorted, clauses(pattern))) == sorted(map(sorted, needed))


def test_every_line_that_an_expression_of_ours_fits_may_fit() -> None:
    lines = [
        line
        for signature in CATALOG.signatures.values()
        for case in signature.cases
        for line in case.text.split("\n")
    ]
    tried = 0
    for signature in CATALOG.signatures.values():
        own = [line for case in signature.cases for line in case.text.split("\n")]
        for pattern in signature.match.line:
            for line in [*own, *lines[:200]]:
                if compiled(pattern).search(line):
                    tried += 1
                    assert may_fit(pattern, line.lower()), (pattern, line)
    assert tried > len(CATALOG.signatures) / 2


@pytest.mark.parametrize("text", ["DISK FULL", "a Disk fuLL b", "ÄÖ disk full"])
def test_case_never_leaves_a_line_out(text: str) -> None:
    assert re.search("(?i)disk full", text)
    assert may_fit("(?i)disk full", text.lower())


def test_a_flood_gives_the_same_hits_as_its_lines_one_by_one() -> None:
    match = CATALOG.signatures["address-in-use"].match
    line = "Nov 20 14:00:{:02} h shop[{}]: bind: 0.0.0.0:{} failed: Address already in use"
    flood = [line.format(n % 60, n, 8000 + n) for n in range(1000)]
    whole = list(hits(match, Lines("\n".join(flood)), None))
    apart = [hit for text in flood for hit in hits(match, Lines(text), None)]
    assert [hit.values for hit in whole] == [hit.values for hit in apart]
    assert [hit.lines[0] for hit in whole] == list(range(1, 1001))
