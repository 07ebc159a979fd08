"""Regular expressions of collector files cannot make a diagnosis hang."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.catalog.patterns import compiled, unsafe


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(?:x*)*y",
        r"(?P<name>\w+\s?)+!",
        r"(a+){2,9}b",
        r"(?:(?:ab)+c?)*d",
        r"a.*b.*c.*d",
        r"[^x]+y[^z]*q.*$",
        r"(?P<q>['\"]).*(?P=q)",
        r"(a|a)*b",
        r"(?:a|aa)+$",
        r"(?:\w|\d)+x",
        r"(?:\s|\n|x)*;",
        r"(?:a?b|ab)+c",
        r"(?:|a)+b",
        r"(?:(?:a)|b)+c",
        r"\w+\w+\w+!",
        r"\s*\s*\s*;",
        r"x\d+[0-9]*\d+y",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}",
    ],
)
def test_pattern_that_could_run_for_ever_is_refused(pattern: str) -> None:
    assert unsafe(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"Out of memory: Kill(?:ed)? process \d+ \((?P<process>[^)]+)\)",
        r"(?:ab)+c",
        r"(?:ab|cd)+e",
        r"(?:\d|-)+ ",
        r"(?:a|a)b",
        r"\w+ \w+ \w+ \w+",
        r"\d+\.\d+\.\d+",
        r"a.{0,200}b.*c.*",
        r"(?:\w+)?: x",
        r"[(+*]+\)\+\*",
        r"(?i:address already in use)[^\n]{0,60}",
        r"(?!x+)y(?<=z)",
    ],
)
def test_ordinary_pattern_is_taken(pattern: str) -> None:
    assert unsafe(pattern) == ""


@given(st.text(alphabet="ab()*+?|[]\\{}.,1:P<>!=", max_size=30))
def test_judging_never_fails_on_what_compiles(pattern: str) -> None:
    try:
        compiled(pattern)
    except (re.error, OverflowError):
        return
    assert isinstance(unsafe(pattern), str)
