"""What stays when evidence is larger than the budget, and what is said of the rest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tai.engine.condense import Condensed, condense
from tai.llm.tokens import count
from tai.model import Subjects
from tests.engine.evidence import DF, finding, observation

NOISE = "".join(
    f"2026-11-21T14:{n // 60 % 60:02}:{n % 60:02} web-01 app[7]: request {n} served in {n % 9} ms\n"
    for n in range(4000)
)


def condensed(
    *texts: str, budget: int = 500, subjects: Subjects | None = None, cited: tuple[str, int] | None = None
) -> Condensed:
    seen = [observation(number, text) for number, text in enumerate(texts, start=1)]
    findings = [finding((*cited, ""))] if cited else []
    return condense(seen, findings, subjects or Subjects(), budget=budget, count=count)


def kept(result: Condensed, number: int = 1) -> list[str]:
    return [line for _, line in result.sections[number - 1].lines]


def test_the_fatal_line_stays_wherever_it_stands() -> None:
    fatal = "2026-11-21T14:31:00 web-01 app[7]: fatal: cannot allocate memory\n"
    for at in (0, len(NOISE) // 2, len(NOISE)):
        cut = NOISE.rfind("\n", 0, at) + 1
        result = condensed(NOISE[:cut] + fatal + NOISE[cut:])
        assert fatal.rstrip() in kept(result)


def test_a_line_that_a_finding_cites_stays_even_when_it_says_nothing_loud() -> None:
    result = condensed(NOISE, budget=100, cited=("E1", 2345))
    assert 2345 in [number for number, _ in result.sections[0].lines]


def test_lines_that_only_repeat_do_not_fill_the_prompt() -> None:
    result = condensed(NOISE, budget=4000)
    assert len(kept(result)) < 40
    assert result.receipts[0].lines == 4000


def test_what_is_left_out_is_counted_where_it_was() -> None:
    result = condensed(NOISE + "2026-11-21T15:00:00 web-01 app[7]: fatal: out of memory\n")
    section = result.sections[0]
    told = sum(
        int(gap.split(" ")[0]) for gap in (*section.gaps.values(), *([section.tail] if section.tail else []))
    )
    assert told + len(section.lines) == 4001


def test_the_tickets_names_bring_a_line_forward() -> None:
    quiet = "2026-11-21T14:31:00 web-01 payments[9]: reading configuration from the usual place\n"
    middle = NOISE.index("\n", len(NOISE) // 2) + 1
    text = NOISE[:middle] + quiet + NOISE[middle:]
    assert quiet.rstrip() in kept(condensed(text, budget=200, subjects=Subjects(units=("payments",))))


def test_a_small_table_is_kept_whole() -> None:
    assert kept(condensed(NOISE, DF, budget=600), 2) == DF.splitlines()


def test_context_around_a_telling_line_is_kept() -> None:
    text = "".join(f"step {chr(97 + n % 26)}{chr(97 + n // 26)} of the plan\n" for n in range(500))
    lines = text.splitlines()
    lines[250] = "error: the plan failed"
    result = condensed("\n".join(lines), budget=300)
    numbers = [number for number, _ in result.sections[0].lines]
    assert {249, 250, 251, 252, 253} <= set(numbers)


@settings(max_examples=30)
@given(
    st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=80), max_size=60),
    st.integers(50, 2000),
)
def test_kept_lines_are_the_hosts_own_and_the_same_twice(lines: list[str], budget: int) -> None:
    text = "\n".join(lines)
    first, second = condensed(text, budget=budget), condensed(text, budget=budget)
    assert first == second
    assert all(observation(1, text).lines[number - 1] == line for number, line in first.sections[0].lines)
