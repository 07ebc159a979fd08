"""What is typed while work runs: seen, queued or kept, and gone from the screen when the work is over."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.input import create_pipe_input
from rich.console import Console

from tai.frontends.activity import Activity
from tai.frontends.ahead import TypeAhead
from tests.frontends.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The prompt over a rehearsed investigation; a ticket with `held` in it goes on when `TMP_PATH/go` exists."""
    with Terminal(["-m", "tests.frontends.rehearsal", str(tmp_path)]) as opened:
        opened.expect_prompt("no host yet")
        yield opened


def go_on(folder: Path) -> None:
    (folder / "go").touch()


def held(terminal: Terminal) -> None:
    terminal.send("db-01 held\r")
    terminal.expect("#3 filesystems")


def expect_draft(terminal: Terminal, text: str) -> None:
    """Wait until the prompt stands, with the bar under it, and `text` in it."""

    def stands() -> bool:
        lines = terminal.shown.splitlines()
        return lines[terminal.screen.cursor.y :][:1] == [f"> {text}"] and "of evidence" in terminal.bottom

    terminal.wait(stands, f"a prompt that begins with {text!r}")


def test_keys_are_seen_at_once_and_what_is_unfinished_begins_the_next_prompt(
    terminal: Terminal, tmp_path: Path
) -> None:
    held(terminal)
    terminal.send("/verrsoi")
    terminal.wait(lambda: terminal.bottom == "> /verrsoi", "the echo below what moves")
    assert "1 command running" in terminal.shown
    terminal.send("\x7f\x7f\x7f\x7fsion")
    terminal.wait(lambda: terminal.bottom == "> /version", "the echo, corrected")
    go_on(tmp_path)
    expect_draft(terminal, "/version")
    assert "ROOT CAUSE" in terminal.everything
    assert terminal.everything.count("/ver") == 1, "no echo is left behind"
    terminal.send("\r")
    terminal.expect("tai 0.1.0", times=2)


def test_enter_queues_an_entry_that_runs_when_the_work_is_done(terminal: Terminal, tmp_path: Path) -> None:
    held(terminal)
    terminal.send("what then?\r")
    terminal.expect("next > what then?")
    terminal.send("/version\r")
    terminal.expect("next > /version")
    terminal.send("and")
    terminal.wait(lambda: terminal.bottom == "> and", "the third line")
    assert terminal.everything.count("ROOT CAUSE") == 0
    go_on(tmp_path)
    terminal.expect("About what then?")
    terminal.expect("tai 0.1.0", times=2)
    expect_draft(terminal, "and")
    said = terminal.everything
    assert (
        said.index("ROOT CAUSE") < said.index("> what then?") < said.index("About") < said.index("> /version")
    )
    assert "next >" not in said
    assert said.count("> what then?") == said.count("> /version") == said.count("> and") == 1
    terminal.send("\x15\x1b[A")
    expect_draft(terminal, "/version")  # it is in the history as if it had been typed at the prompt


def test_a_paste_is_folded_and_sent_in_full(terminal: Terminal, tmp_path: Path) -> None:
    held(terminal)
    terminal.paste("\n".join(f"line {n}" for n in range(1, 31)))
    terminal.wait(lambda: terminal.bottom == "> [pasted 30 lines]", "the fold")
    terminal.send("\x7f")
    terminal.wait(lambda: "pasted" not in terminal.shown, "the whole block gone with its label")
    terminal.paste("\n".join(f"line {n}" for n in range(1, 41)))
    terminal.wait(lambda: terminal.bottom == "> [pasted 40 lines]", "the fold")
    go_on(tmp_path)
    expect_draft(terminal, "[pasted 40 lines]")
    terminal.send("\r")
    terminal.expect("line 40")
    assert "line 39" in terminal.everything


def test_ctrl_c_keeps_what_was_typed_and_what_was_queued_does_not_run_by_itself(terminal: Terminal) -> None:
    held(terminal)
    terminal.send("/version\rmore")
    terminal.wait(lambda: terminal.bottom == "> more", "the echo")
    terminal.send("\x03")
    terminal.expect("stopped; 2 pieces of evidence are kept")
    expect_draft(terminal, "/version")
    assert terminal.everything.count("tai 0.1.0") == 1, "the greeting only"
    terminal.send("\r")
    terminal.expect("tai 0.1.0", times=2)
    expect_draft(terminal, "more")


def test_keys_are_seen_while_an_answer_streams(terminal: Terminal) -> None:
    terminal.send("db-01 stream\r")
    terminal.expect("writing the answer")
    for n, key in enumerate("what else", start=1):
        terminal.send(key)
        terminal.wait(lambda n=n: terminal.bottom == f"> {'what else'[:n]}".rstrip(), "the echo")  # type: ignore[misc]
    terminal.send("\x03")
    expect_draft(terminal, "what else")
    assert terminal.everything.count("what else") == 1
    assert "writing the answer" not in terminal.everything


def test_a_question_gets_its_own_key_and_what_was_typed_before_is_kept(terminal: Terminal) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("/run ask hostnamectl\ryes")
    terminal.expect("any other key does not")
    terminal.send("n")
    terminal.expect("you did not want it to run")
    expect_draft(terminal, "yes")


def test_ctrl_d_leaves_when_the_work_is_done(terminal: Terminal, tmp_path: Path) -> None:
    held(terminal)
    terminal.send("\x04")
    terminal.expect("next > /quit")
    go_on(tmp_path)
    assert terminal.exit_status() == 0
    assert "ROOT CAUSE" in terminal.everything


def test_in_plain_mode_keys_wait_unseen_for_the_prompt_even_over_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with Terminal(["-m", "tests.frontends.rehearsal", str(tmp_path)]) as terminal:
        terminal.wait(lambda: "\n>" in terminal.shown, "the prompt")
        terminal.send("db-01 held\r")
        terminal.expect("/show E4")
        terminal.send("/version")
        terminal.send("\x03")
        terminal.expect("stopped;")
        terminal.wait(lambda: "> /version" in terminal.shown, "the waiting keys")
        assert terminal.everything.count("/version") == 1


# ---------------------------------------------------------------- the line, without a terminal around it


async def typed(keys: str, *, width: int = 40) -> tuple[list[str], str, list[str]]:
    """Type `keys`: what is shown, the draft of the next prompt in full, and what is queued, in full."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, _environ={"TERM": "xterm"})
    with create_pipe_input() as keyboard:
        ahead = TypeAhead(console, keyboard, Activity(console))
        with ahead.reading():
            for piece in keys.split("|"):
                keyboard.send_text(piece)
                await asyncio.sleep(0.02)
            lines = [line.plain for line in ahead.lines(width)]
        queued = []
        while entry := ahead.entry():
            queued.append(entry.whole)
        return lines, ahead.draft().whole, queued


@pytest.mark.parametrize(
    ("keys", "draft"),
    [
        ("one two", "one two"),
        ("one two\x17", "one "),
        ("one two  \x17", "one "),
        ("one two\x15three", "three"),
        ("on\x7f\x7f\x7f\x7fe", "e"),
        ("\x1b[D\x1b[Aone\x1b[3~\x1bOP", "one"),
        ("one\x1b\rtwo", "one\ntwo"),
        ("one\x1b|\ntwo", "one\ntwo"),
        ("one\x1bbtwo", "onetwo"),
        ("one\rtwo", "one\ntwo"),
        ("\x1b[200~a\rb\x1b[201~", "a\nb"),
        ("größe \N{CJK UNIFIED IDEOGRAPH-6F22}", "größe \N{CJK UNIFIED IDEOGRAPH-6F22}"),
        ("\x1b[24;80R", ""),
    ],
)
async def test_the_few_keys_that_edit(keys: str, draft: str) -> None:
    _, begun, queued = await typed(keys)
    assert begun == draft
    assert queued == []


async def test_esc_alone_clears_the_draft_after_the_time_of_a_sequence() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    with create_pipe_input() as keyboard:
        ahead = TypeAhead(console, keyboard, Activity(console))
        with ahead.reading():
            keyboard.send_text("half a thought\x1b")
            async with asyncio.timeout(10):
                while not ahead.lines(40):  # noqa: ASYNC110 - the keyboard tells nobody
                    await asyncio.sleep(0.02)
                while ahead.lines(40):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


@pytest.mark.parametrize("width", [8, 20, 80])
async def test_no_line_is_wider_than_the_screen_and_the_end_of_the_draft_is_in_view(width: int) -> None:
    word = "\N{CJK UNIFIED IDEOGRAPH-6F22}"
    lines, _, _ = await typed(f"/first {'x' * 90}\n|{word * 90}end", width=width)
    console = Console(width=200)
    assert all(console.measure(line).maximum <= width for line in lines)
    assert lines[0].startswith("next >")
    assert lines[1].startswith("> …")
    assert lines[1].endswith("end ")


async def test_a_pasted_escape_sequence_is_shown_and_not_obeyed() -> None:
    lines, _, _ = await typed("\x1b[200~a\x1b]0;title\x07b\x1b[201~")
    assert all("\x1b" not in line and "\x07" not in line for line in lines)


async def test_of_many_entries_that_wait_three_are_shown_and_the_rest_counted() -> None:
    lines, _, queued = await typed("|".join(f"/show {n}\n" for n in range(1, 6)))
    assert lines == ["next > /show 1", "next > /show 2", "next > /show 3", "and 2 more"]
    assert queued == [f"/show {n}" for n in range(1, 6)]
