"""The shapes of a screen: nothing is lost, nothing is wider than it may be, sizes and times read well."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.text import Text

from tai.frontends.lines import Hanging, counted, cut, hang, one_line, seconds, shown, size
from tai.frontends.paste import Pastes
from tai.frontends.prompt import Interrupts, fitted


def printed(renderable: RenderableType, width: int, *, pipe: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=width, soft_wrap=pipe, force_terminal=False)
    console.print(renderable)
    return console.export_text().splitlines()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (9949, "9.9 KB"),
        (9951, "10 KB"),
        (184_000, "184 KB"),
        (999_499, "999 KB"),
        (999_600, "1.0 MB"),
        (2_100_000_000, "2.1 GB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [(0.0, "0.00 s"), (0.312, "0.31 s"), (9.999, "10.0 s"), (62.04, "62.0 s"), (185.2, "3 min 05 s")],
)
def test_durations(duration: float, words: str) -> None:
    assert seconds(duration) == words


def test_counts() -> None:
    assert (counted(1, "line"), counted(1204, "line")) == ("1 line", "1,204 lines")


def test_a_long_line_is_cut_with_the_count_of_the_rest() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcdefg", 3) == "abc… (4 more characters)"


def test_a_hanging_line_keeps_its_body_in_its_own_column() -> None:
    lines = printed(hang(" 1. ", "alpha beta gamma delta epsilon zeta eta theta"), 30)
    assert lines == [" 1. alpha beta gamma delta", "    epsilon zeta eta theta"]


def test_a_lead_that_leaves_no_room_gets_its_own_line() -> None:
    lines = printed(hang("a lead of some length  ", "and the body"), 30)
    assert lines[1] == "  and the body"


def test_a_pipe_gets_one_line() -> None:
    assert printed(hang("E1:2  ", "word " * 40), 30, pipe=True)[0].count("word") == 40


@given(st.text(), st.text(), st.integers(min_value=8, max_value=120))
def test_no_hanging_line_is_wider_than_the_screen(lead: str, body: str, width: int) -> None:
    for line in printed(Hanging(one_line(lead)[:30], shown(body)), width):
        assert Text(line).cell_len <= width


@given(
    st.text(
        alphabet=st.characters(blacklist_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn"])
    )
)
def test_a_hanging_line_loses_no_character(body: str) -> None:
    together = "".join("".join(line.split()) for line in printed(hang("x ", body), 40))
    assert together.startswith("x")
    assert together[1:] == shown(body).plain


@given(st.text())
def test_what_is_shown_holds_no_control_character(text: str) -> None:
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown(text).plain) is None
    assert "\n" not in one_line(text).plain


@given(st.lists(st.text(alphabet="ab", min_size=1), min_size=1), st.integers(min_value=1, max_value=80))
def test_the_bar_never_breaks_into_two_lines(parts: list[str], width: int) -> None:
    assert 1 <= len(fitted(parts, width)) <= width


def test_the_bar_leaves_out_what_does_not_fit_from_the_end() -> None:
    assert fitted(["web-01", "deterministic", "12 pieces of evidence"], 30) == "web-01 · deterministic"
    assert fitted(["a-very-long-host-name"], 10) == "a-very-lo…"


def test_two_interrupts_count_as_one_wish_only_when_they_are_close() -> None:
    presses = [100.0, 102.5, 104.4, 106.5]
    clock = iter(presses)
    interrupts = Interrupts(clock=lambda: next(clock))
    assert [interrupts.press() for _ in presses] == [False, False, True, False]


def test_short_pastes_stay_and_long_ones_fold_and_come_back_whole() -> None:
    pastes = Pastes()
    assert pastes.fold("a\r\nb\rc") == "a\nb\nc"
    first = "\n".join(f"x{n}" for n in range(184)) + "\n"
    second = "\n".join(f"y{n}" for n in range(184))
    labels = pastes.fold(first), pastes.fold(second)
    assert labels == ("[pasted 184 lines]", "[pasted 184 lines, block 2]")
    assert pastes.unfold(f"see {labels[0]} and {labels[1]}") == f"see {first} and {second}"
    assert pastes.unfold("a label that was edited: [pasted 18 lines]") == (
        "a label that was edited: [pasted 18 lines]"
    )
    pastes.clear()
    assert pastes.unfold(labels[0]) == labels[0]


def test_a_block_that_speaks_of_another_s_label_stays_as_it_is() -> None:
    pastes = Pastes()
    one = "\n".join(["[pasted 9 lines]"] * 8)
    two = "\n".join("abcdefghi")
    draft = f"{pastes.fold(one)} {pastes.fold(two)}"
    assert pastes.unfold(draft) == f"{one} {two}"


@given(st.lists(st.text(alphabet="a[]\n pasted lines,block0123456789"), max_size=5))
def test_folding_loses_nothing(blocks: list[str]) -> None:
    pastes = Pastes()
    draft = "|".join(pastes.fold(block) for block in blocks)
    assert pastes.unfold(draft) == "|".join(blocks)
