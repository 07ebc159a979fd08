"""Loops are noticed, and what only looks like one is not."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.llm.guards import LEAST_CHARS, LEAST_TIMES, LONGEST_BLANK, LONGEST_PASSAGE, LoopGuard, repeated


def feed(text: str, piece: int = 5) -> str:
    """What the guard says at the end of a text, or the first time that it says something."""
    guard = LoopGuard()
    for start in range(0, len(text), piece):
        if loop := guard.feed(text[start : start + piece]):
            return loop
    return ""


@given(
    passage=st.text(st.characters(codec="utf-8"), min_size=1, max_size=LONGEST_PASSAGE),
    before=st.text(max_size=200),
    piece=st.integers(1, 300),
)
def test_any_passage_that_comes_back_without_end_is_noticed(passage: str, before: str, piece: int) -> None:
    assert feed(before + passage * (LEAST_TIMES + LEAST_CHARS + 80), piece)


@pytest.mark.parametrize("blank", [" ", "\n", "\t", " \n", "\r\n"])
def test_white_space_without_end_is_noticed(blank: str) -> None:
    assert "white space" in feed('{"cause": "x",' + blank * (LONGEST_BLANK + 1))


def test_loop_is_noticed_soon() -> None:
    guard = LoopGuard()
    text, fed = '{"text": "It is broken."},', 0
    while not guard.feed(text):
        fed += len(text)
    assert fed < LEAST_CHARS + 200


@pytest.mark.parametrize(
    "text",
    [
        "-" * 600,  # the longest line that an answer may quote
        "=" * 80 + "\n" + "=" * 80,
        json.dumps([{"text": f"Filesystem {n} is full", "quotes": []} for n in range(60)], indent=4),
        "\n".join(
            f"Nov 20 14:{n:02}:00 web-01 systemd[1]: app.service: Main process exited" for n in range(60)
        ),
        " " * LONGEST_BLANK,
        json.dumps({"missing": ["not collected"] * 8, "timeline": [], "actions": ["check it"] * 8}),
    ],
)
def test_monotonous_but_sound_text_passes(text: str) -> None:
    assert feed(text) == ""


@given(st.text() | st.text("ab", max_size=30).map(lambda text: text * 200))
def test_what_is_called_repeated_really_is(text: str) -> None:
    passage = repeated(text)
    assert not passage or text.endswith(passage * LEAST_TIMES)


def test_passage_in_the_message_is_short_and_printable() -> None:
    loop = feed("\x1b[31mred alert\x07 " * 200)
    assert re.fullmatch(r"[ -~]{1,120}", loop)


def test_what_it_repeats_is_told_without_a_live_link() -> None:
    guard = LoopGuard()
    said = [guard.feed("see https://evil.example/x ") for _ in range(100)]
    assert any("https[:]//evil" in each for each in said)
    assert not any("://" in each for each in said)
