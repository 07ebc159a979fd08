"""What hosts send becomes visible text: no control, hidden or private code point survives, and no line moves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.text import sanitise, sanitise_line
from tai.text.sanitise import FORBIDDEN

# Marks of category Cf that have a glyph of their own: Arabic, Syriac and Kaithi number signs and the like.
VISIBLE_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b"\x1b[31m", b"\x1b[0m", b"\x1b", b"[0m", b"\r", b"\n", b"\r\n", b"\x9b", b"\xc2\x9b", b"\\x1b"]
        ),
        st.text(max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass")),
    ),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\ttext\n", "plain\ttext\n"),
        (b"\x1b[1;31mred\x1b[0m and \x1b[mplain", "red and plain"),
        (b"\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
        (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
        (b"\x1b]8;;http://x\x1b\\link", r"\x1b]8;;http://x\x1b\link"),
        (b"\x1bPq never ended", r"\x1bPq never ended"),
        (b"\x1b_apc \x1b^pm \x1bXsos", r"\x1b_apc \x1b^pm \x1bXsos"),
        (b"\x1b[31", r"\x1b[31"),
        (b"\x9b31m raw C1", r"\x9b31m raw C1"),
        (b"\xc2\x9b31m encoded C1", r"\x9b31m encoded C1"),
        (b"caf\xc3\xa9 \xff\xfe", "café " + r"\xff\xfe"),
        (b"\xc0\xaf overlong", r"\xc0\xaf overlong"),
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b" 10%\r 50%\r100%\n", " 10%" + r"\r 50%\r100%" + "\n"),
        (b"a\x00b\x08c\x7f\x0b\x0c", r"a\x00b\x08c\x7f\x0b\x0c"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("a\u200bb\u2066c\ufeffd\u061c", r"a\u200bb\u2066c\ufeffd\u061c"),
        ("tag\U000e0041 \ue000 \U000f0000", r"tag\U000e0041 \ue000 \U000f0000"),
        ("one\u2028still one\u2029", r"one\u2028still one\u2029"),
        ("selector\ufe0f\U000e0100", r"selector\ufe0f\U000e0100"),
        ("lone \udcff \ud800", r"lone \udcff \ud800"),
        ("● nginx — ошибка 日本 🙂", "● nginx — ошибка 日本 🙂"),
    ],
)
def test_each_hidden_thing_is_shown(raw: bytes | str, shown: str) -> None:
    assert sanitise(raw) == shown


def test_every_format_control_private_and_separator_code_point_is_shown() -> None:
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} and code not in VISIBLE_FORMAT:
            assert char in "\t\n" or FORBIDDEN.match(char), hex(code)


@given(HOSTILE)
def test_nothing_forbidden_survives_and_a_second_pass_changes_nothing(raw: bytes) -> None:
    shown = sanitise(raw)
    assert FORBIDDEN.search(shown) is None
    assert sanitise(shown) == shown
    assert sanitise(shown.encode()) == shown


@given(HOSTILE)
def test_line_numbers_are_those_of_the_host(raw: bytes) -> None:
    assert sanitise(raw).count("\n") == raw.count(b"\n")
    assert "\n".join(sanitise(raw).splitlines()) == sanitise(raw).removesuffix("\n")


@given(HOSTILE)
def test_a_shown_name_is_one_line(raw: bytes) -> None:
    shown = sanitise_line(raw)
    assert shown.isprintable() or all(
        unicodedata.category(char)[0] in "ZC" for char in shown if not char.isprintable()
    )
    assert len(shown.splitlines()) <= 1
    assert "\t" not in shown


def test_newlines_and_tabs_of_a_name_are_shown() -> None:
    assert sanitise_line(b"evil\nApprove? y\t\x1b[2J") == r"evil\nApprove? y\t\x1b[2J"


@pytest.mark.parametrize(
    "piece", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\r", b"\xff", "\u202e".encode(), b"\x1b[0m"]
)
def test_megabytes_of_hostile_input_end_soon(piece: bytes) -> None:
    raw = piece * (1_000_000 // len(piece))
    assert FORBIDDEN.search(sanitise(raw)) is None
