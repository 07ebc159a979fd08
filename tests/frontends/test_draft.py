"""An answer is seen while it is written, as unchecked, without its quotes, and is gone when the verified one stands."""

from __future__ import annotations

import io
import json

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.events import AnswerDelta, AnswerStarted, Diagnosed, Event
from tai.frontends.draft import Draft, Line
from tai.frontends.render import Renderer
from tests.frontends.story import DIAGNOSIS, HOSTILE, INVENTED, screen

QUOTE = SaidQuote(evidence="E1", line=2, text=INVENTED)
ANSWER = Answer(
    observations=(SaidClaim(text="The disk is full – “voll”.", quotes=(QUOTE,)), SaidClaim(text="And old.")),
    timeline=(SaidMoment(at="14:05", text="It filled up.", quote=QUOTE),),
    hypotheses=(SaidHypothesis(cause="A log grew.", supporting=(SaidClaim(text="x", quotes=(QUOTE,)),)),),
    outcome="root_cause",
    cause="The disk /srv is full.",
    evidence=(SaidClaim(text="df says so.", quotes=(QUOTE,)),),
    missing=("who wrote it",),
    actions=("Free space.",),
    next_checks=(
        SaidCheck(argv=("df", "-h", "/srv"), why="how full?"),
        SaidCheck(probe="large-logs", why="which?"),
    ),
)
LINES: list[Line] = [
    ("seen", "The disk is full – “voll”."),
    ("seen", "And old."),
    ("when", "14:05  It filled up."),
    ("maybe", "A log grew."),
    ("outcome", "root_cause"),
    ("cause", "The disk /srv is full."),
    ("because", "df says so."),
    ("missing", "who wrote it"),
    ("do", "Free space."),
    ("check", "df -h /srv"),
    ("check", "large-logs"),
]


@pytest.mark.parametrize("piece", [1, 7, 100, 10_000])
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("Here it is:\n```json\n", "\n```\nDone.")])
def test_every_line_comes_once_in_order_however_the_stream_is_cut(
    piece: int, before: str, behind: str
) -> None:
    text = before + ANSWER.model_dump_json() + behind
    draft = Draft()
    told: list[Line] = []
    for start in range(0, len(text), piece):
        told += draft.feed(text[start : start + piece], 1)
    assert [*told, *draft.rest()] == LINES


def test_the_last_line_grows_as_it_is_written() -> None:
    draft = Draft()
    draft.feed('{"observations":[],"outcome":"root_cause","cause":"The di', 1)
    assert draft.lines[-1] == ("cause", "The di")


def test_a_second_call_begins_anew() -> None:
    draft = Draft()
    draft.feed('{"cause":"wrong', 1)
    draft.feed('{"cause":"right', 2)
    assert draft.lines == [("cause", "right")]


@given(st.text(max_size=80) | st.text('{}[]",:\\tn01 ', max_size=80))
def test_no_text_is_too_odd_for_a_draft(text: str) -> None:
    draft = Draft()
    for char in text:
        draft.feed(char, 1)
    assert all(isinstance(part, str) for line in draft.lines for part in line)


def streamed(text: str) -> list[AnswerDelta]:
    return [AnswerDelta(text=text[start : start + 9]) for start in range(0, len(text), 9)]


def test_on_a_terminal_the_draft_stands_marked_and_then_gives_way() -> None:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, force_interactive=True, width=80, height=30, markup=False
    )
    glass = pyte.Screen(80, 60)
    feed = pyte.Stream(glass)
    renderer = Renderer(console)
    renderer.show(AnswerStarted(engine="vllm", model="m"))
    for event in streamed(ANSWER.model_dump_json()):
        renderer.show(event)
    assert renderer._activity._live is not None
    renderer._activity._live.refresh()
    feed.feed(stream.getvalue().replace("\n", "\r\n"))
    drafted = "\n".join(glass.display)
    assert "nothing of it is checked yet" in drafted
    assert "The disk /srv is full." in drafted
    assert INVENTED not in drafted
    stream.truncate(stream.seek(0))
    renderer.show(Diagnosed(diagnosis=DIAGNOSIS))
    feed.feed(stream.getvalue().replace("\n", "\r\n"))
    after = "\n".join(glass.display)
    assert "ROOT CAUSE" in after
    assert "nothing of it is checked yet" not in after
    assert "/srv is full." not in after.replace("/srv/data is full", "")


def test_where_nothing_moves_only_verbose_keeps_it_and_says_that_it_is_unchecked() -> None:
    events: list[Event] = [AnswerStarted(engine="vllm", model="m"), *streamed(ANSWER.model_dump_json())]
    quiet = screen([*events, Diagnosed(diagnosis=DIAGNOSIS)], width=120)
    assert "df says so." not in quiet
    text = screen([*events, Diagnosed(diagnosis=DIAGNOSIS)], width=120, verbose=True)
    assert text.count("nothing of it is checked yet") == 1
    assert text.index("nothing of it is checked yet") < text.index("  because  df says so.\n")
    assert text.index("  check    large-logs\n") < text.index("ROOT CAUSE")
    assert INVENTED not in text[: text.index("ROOT CAUSE")]


def test_a_draft_full_of_escapes_moves_nothing() -> None:
    hostile = json.dumps({"observations": [{"text": f"{HOSTILE}\x1b[2J", "quotes": []}], "cause": HOSTILE})
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, force_interactive=False, width=80, markup=False)
    renderer = Renderer(console, verbose=True)
    renderer.show(AnswerStarted(engine="vllm", model="m"))
    for event in streamed(hostile):
        renderer.show(event)
    renderer.show(Diagnosed(diagnosis=DIAGNOSIS))
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]8" not in stream.getvalue()
