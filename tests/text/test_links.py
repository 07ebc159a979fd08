"""What a model writes cannot be clicked, in a terminal, a page or a report; other text stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.text.links import defuse
from tests.poison import TEXTS

LIVE = re.compile(r"(?i)[a-z]://|\]\(|\bjavascript:\S|\bdata:\S|\bwww\.\w|<(?:a|img|script|iframe|svg)\b")


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("see https://evil.example/?q=1", "see https[:]//evil.example/?q=1"),
        ("(HTTP://x)", "(HTTP[:]//x)"),
        ("file:///etc/passwd", "file[:]///etc/passwd"),
        ("git+ssh://x", "git+ssh[:]//x"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("data:text/html;base64,x", "data[:]text/html;base64,x"),
        ("www.evil.example", "www[.]evil.example"),
        ("[a](x) and ![i](y)", "[a] (x) and ![i] (y)"),
        ("<img src=x>", "‹img src=x>"),
        ("</script>", "‹/script>"),
    ],
)
def test_a_link_is_dead(text: str, dead: str) -> None:
    assert defuse(text) == dead


@pytest.mark.parametrize(
    "text",
    [
        "The disk /srv is full: 100 %.",
        "<redacted:password:1a2b> in /etc/app.conf",
        "port 10.0.0.1:443; a<b and b>c",
        "array[3] (was 2), nginx[384]: connect()",
        "metadata: none; the data is gone",
        "2026-11-21T14:00:01+00:00",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text


@given(st.text() | st.sampled_from(TEXTS) | st.text("[]()!<>a:/htps.w\\img "))
def test_nothing_live_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    once = defuse(text)
    assert LIVE.search(once) is None
    assert defuse(once) == once
