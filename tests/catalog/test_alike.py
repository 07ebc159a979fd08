"""Lines that differ in digits are searched once for each kind, and told as if each had been searched."""

from __future__ import annotations

import random

import pytest

from tai import resources
from tai.catalog import load_catalog
from tai.catalog.alike import alike
from tai.catalog.matching import hits
from tai.catalog.model import Match
from tai.catalog.patterns import compiled
from tai.parsers.lines import Lines

LINES = 300


def plainly(match: Match, line: str) -> dict[str, str | None] | None:
    """What `re` finds in the line, without any shortcut."""
    for pattern in match.line:
        if found := compiled(pattern).search(line):
            unfit = match.unless and compiled(match.unless).search(line)
            return None if unfit else found.groupdict()
    return None


@pytest.mark.parametrize(
    "pattern",
    [
        r"status=(?P<status>5\d\d)\b",
        r"code (?P<code>[1-9]\d*) of (?P<all>\d+)",
        r"pid (?P<pid>[^0-4]+?) end",
        r"(?:took (?P<ms>\d{3,}) ms|after (?P<s>[2-7]|1\d) s)(?! 0)",
        r"(?P<one>\d+) and (?P=one)",
        r"(?<=x7)(?P<rest>\w+)",
    ],
)
def test_each_line_is_told_as_if_it_had_been_searched_by_itself(pattern: str) -> None:
    rnd = random.Random(7)
    forms = (
        "status={} seen", "code {} of {}", "pid {} end", "took {} ms", "after {} s 0", "{} and {}", "x{}y", "ü {} after {} s",
    )  # fmt: skip
    told = [
        rnd.choice(forms).replace("{}", "{0}").format(rnd.randrange(10 ** rnd.randrange(1, 4)))
        for _ in range(3000)
    ]
    match = Match(line=(pattern,), has=("s", "d", "x"), unless="2 ms")
    found = {hit.lines[0]: dict(hit.values) for hit in hits(match, Lines("\n".join(told)), None)}
    wanted = {n: said for n, line in enumerate(told, 1) if (said := plainly(match, line)) is not None}
    assert wanted
    assert found == {n: said for n, said in wanted.items() if any(word in told[n - 1] for word in match.has)}


def test_a_kind_is_searched_once_and_digits_that_matter_make_kinds() -> None:
    lines = [f"took {n:04} ms, status={n % 10}00" for n in range(LINES)]
    same = alike(Match(line=(r"took (?P<ms>\d+) ms, status=5",), has=("took",)))
    assert same is not None
    assert [n for n, line in enumerate(lines) if same.told(line.encode())] == list(range(5, LINES, 10))
    assert same.told(lines[15].encode()) == (0, {"ms": "0015"})
    assert len(same._known) < 40, "a 5 is told from other digits wherever it stands, and nothing else"


def test_digits_that_one_form_tells_apart_do_not_make_kinds_for_another() -> None:
    lines = [f"job {n:04} failed: no route" for n in range(LINES)]
    same = alike(Match(line=(r"error AH00526: (?P<what>.+)", r"job \d+ failed: (?P<what>.+)"), has=("e",)))
    assert same is not None
    assert {same.told(line.encode()) == (1, {"what": "no route"}) for line in lines} == {True}
    assert [len(form._known) for form in same._forms] == [0, 1]


def test_what_is_compared_with_itself_has_no_kinds() -> None:
    assert alike(Match(line=(r"(\d+) and \1",), has=("and",))) is None


def test_the_cases_of_all_signatures_are_told_alike_whatever_their_digits() -> None:
    shipped = resources.folder("collectors")
    rnd = random.Random(11)
    for signature in load_catalog([shipped], proven=shipped).signatures.values():
        match = signature.match
        told = [
            "".join(str(rnd.randrange(10)) if c in "0123456789" and rnd.random() < share else c for c in line)
            for line in {case.text.split("\n")[0] for case in signature.cases}
            for share in (0, 0.2, 0.5, 0.5, 0.8, 1)
        ]
        same = alike(match)
        for line in told:
            found = same and same.told(line.encode())
            if same is not None:
                assert (found and found[1]) == plainly(match, line), (signature.id, line)
