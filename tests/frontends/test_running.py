"""Commands under way: a table that grows and shrinks, and what a command's line says when it has ended."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tai.engine.condense.kinds import kinds
from tai.frontends.running import Running
from tai.frontends.steps import StepLine
from tests.frontends.story import JOURNAL


def drawn(renderable: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=width, force_terminal=True, markup=False)
    console.print(renderable)
    lines = console.export_text().splitlines()
    assert all(len(line) <= width for line in lines)
    return lines


@pytest.mark.parametrize("width", [20, 80, 200])
def test_each_running_command_has_a_row_with_its_time(width: int) -> None:
    now = [100.0]
    running = Running(clock=lambda: now[0])
    running.begin(7, "journal-unit", ["journalctl", "--no-pager", "-u", "nginx.service"])
    now[0] = 101.5
    running.begin(8, "filesystems", ["df", "-PT"])
    lines = drawn(running, width)
    assert lines[0].startswith(" #7 journal-unit")
    assert len(lines) == 2
    if width >= 80:
        assert lines[0].endswith("  1.50 s")
        assert " nginx.service " in lines[0]
    running.end(7)
    assert drawn(running, width)[0].startswith(" #8 filesystems")


def test_more_rows_than_a_screen_should_hold_are_counted() -> None:
    running = Running()
    for n in range(1, 13):
        running.begin(n, f"probe-{n}", ["df"])
    assert drawn(running, 80)[-1] == "    and 4 more"


def test_a_line_says_what_is_left_when_one_of_each_kind_stays() -> None:
    text = "".join(f"Nov 20 14:05:{n:02d} web nginx[812]: upstream timed out {n}\n" for n in range(60))
    seen = JOURNAL.model_copy(
        update={
            "id": "E7",
            "argv": ("journalctl", "-u", "nginx.service"),
            "text": text + "Nov 20 14:06:00 web nginx[812]: exited\n",
            "raw_bytes": 184_000,
            "duration_s": 0.31,
            "truncated": False,
        }
    )
    (line,) = drawn(StepLine(seen), 80)
    assert " ".join(line.split()) == "#7 journal-unit nginx.service 0.31 s 184 KB → 92 B /show 7"


def test_kinds_are_told_with_their_first_line_count_and_last_line() -> None:
    found = kinds("a 1\nb\na 2\na 3\n")
    assert [(kind.line, kind.text, kind.count, kind.last) for kind in found] == [
        (1, "a 1", 3, 4),
        (2, "b", 1, 2),
    ]
