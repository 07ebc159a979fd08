"""The pager behind /show in a real terminal: keys, search, wrap, the three forms, and the screen as before behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frontends.terminal import Terminal


@pytest.fixture(params=[(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    columns, rows = request.param
    with Terminal(["-m", "tests.frontends.rehearsal", str(tmp_path)], columns=columns, rows=rows) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("db-01 long\r")
        terminal.expect_prompt("3 pieces of evidence")
        terminal.send("/show E7\r")
        terminal.wait(lambda: f"1-{rows - 1} of 400" in terminal.bottom, "the pager")
        yield terminal


def top(terminal: Terminal) -> str:
    return terminal.shown.splitlines()[0].split()[0]


def wait_top(terminal: Terminal, number: int) -> None:
    terminal.wait(lambda: top(terminal).lstrip(">") == str(number), f"line {number} on top")


def test_it_moves_as_fingers_expect_and_leaves_no_trace(opened: Terminal) -> None:
    room = opened.screen.lines - 1
    for key, number in (("j", 2), ("k", 1), ("d", 1 + room // 2), ("u", 1), (" ", 1 + room), ("b", 1)):
        opened.send(key)
        wait_top(opened, number)
    opened.send("G")
    opened.wait(lambda: "of 400" in opened.bottom and "needle" in opened.shown, "the end")
    opened.send("g")
    wait_top(opened, 1)
    opened.send("q")
    opened.expect_prompt("3 pieces of evidence")
    # pyte has no second screen; a terminal goes back to its own when it is told so.
    assert opened.raw.count(b"\x1b[?1049h") == opened.raw.count(b"\x1b[?1049l") == 1


def test_search_finds_from_the_top_on_and_goes_round(opened: Terminal) -> None:
    opened.send("/item/33 \r")
    wait_top(opened, 33)
    opened.send("/ITEM/39\r")
    wait_top(opened, 39)
    opened.send("n")
    opened.wait(lambda: "/item/390 " in opened.shown.splitlines()[0] or "needle" in opened.shown, "390")
    opened.send("N")
    wait_top(opened, 39)
    opened.send("/nowhere\r")
    opened.wait(lambda: "no line has 'nowhere'" in opened.bottom, "the news")


def test_wrapping_shows_the_rest_of_long_lines(opened: Terminal) -> None:
    rows = opened.shown.splitlines()
    if opened.screen.columns == 80:
        assert rows[0].endswith("…")
        opened.send("w")
        opened.wait(lambda: "…" not in opened.shown.splitlines()[0], "the whole line")
        assert opened.shown.splitlines()[1].strip().endswith("x")
        assert opened.shown.splitlines()[2].split()[0] == "2"
    opened.send("q")
    opened.expect_prompt()


def test_the_forms_change_by_key_and_by_word_and_a_cited_line_is_marked(opened: Terminal) -> None:
    opened.send("3")
    opened.wait(lambda: "399× 14:05:01" in opened.shown, "the kinds")
    opened.send("2")
    opened.wait(lambda: "There is no parser" in opened.shown, "no parser")
    opened.send("1")
    opened.wait(lambda: "raw" in opened.bottom, "raw again")
    opened.send("q")
    opened.expect_prompt()
    opened.send("/show E7 condensed\r")
    opened.wait(lambda: "> /show E7 condensed" in opened.shown and "399× 14:05:01" in opened.shown, "kinds")
    opened.expect_prompt()
    opened.send("/show E1\r")
    opened.wait(lambda: any(line.startswith(">2  /dev/vdb1") for line in opened.shown.splitlines()), "cited")


def test_ctrl_c_leaves_the_pager_and_not_tai(opened: Terminal) -> None:
    opened.send("\x03")
    opened.expect_prompt("3 pieces of evidence")
