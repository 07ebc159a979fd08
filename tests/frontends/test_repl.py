"""The conversation in real pseudo-terminals: what a person sees, types, pastes and interrupts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tai.commands import COMMANDS
from tests.frontends.terminal import Terminal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def start(folder: Path, **given: object) -> Terminal:
    return Terminal(["-m", "tests.frontends.rehearsal", str(folder)], **given)  # type: ignore[arg-type]


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    with start(folder) as opened:
        opened.expect_prompt("no host yet")
        yield opened


@pytest.fixture(params=[(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def any_size(folder: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    columns, rows = request.param
    with start(folder, columns=columns, rows=rows) as opened:
        opened.expect_prompt("no host yet")
        yield opened


def history(folder: Path) -> str:
    return (folder / "state" / "history").read_text()


def test_the_first_time_is_explained_in_five_lines_at_most_and_later_not(folder: Path) -> None:
    with start(folder) as first:
        first.expect_prompt("no host yet")
        hint = first.shown[: first.shown.index("\n>")].splitlines()
        assert 1 < len(hint) <= 5 + 1  # and the greeting
        first.send("\x04")
        assert first.exit_status() == 0
    with start(folder) as second:
        second.expect_prompt("no host yet")
        assert second.shown.splitlines()[1] == ">"


def test_a_ticket_is_diagnosed_and_the_bar_tells_host_engine_and_evidence(any_size: Terminal) -> None:
    any_size.send("db-01 is down\r")
    any_size.expect("ROOT CAUSE")
    any_size.expect_prompt("db-01 · deterministic · 2 pieces of evidence")


def test_bare_text_after_a_diagnosis_is_a_follow_up(terminal: Terminal) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("why then?\r")
    terminal.expect("About why then?")


def test_a_paste_of_300_lines_is_one_ticket_folded_while_it_is_edited(any_size: Terminal) -> None:
    lines = "\n".join(f"line {n} of the paste on db-01" for n in range(1, 301))
    any_size.paste(lines)
    any_size.expect("[pasted 300 lines]")
    assert "line 150" not in any_size.everything
    any_size.send("\r")
    any_size.expect("300 lines, ends in 'ste on db-01'")
    any_size.expect("ROOT CAUSE")
    assert any_size.everything.count("ROOT CAUSE") == 1


def test_a_paste_from_a_terminal_that_does_not_mark_pastes_is_one_ticket_too(terminal: Terminal) -> None:
    terminal.send("".join(f"line {n} on db-01\r" for n in range(1, 21)))
    terminal.expect("20 lines, ends in")
    assert terminal.everything.count("ROOT CAUSE") <= 1


def test_a_paste_never_sends_by_itself_even_when_it_ends_in_a_line_end(terminal: Terminal) -> None:
    terminal.paste("db-01 is down\nand out\n")
    terminal.expect("and out")
    terminal.send(" now\r")
    terminal.expect("3 lines, ends in")


@pytest.mark.parametrize("keys", ["\x1b\r"], ids=["Esc-Enter, which Alt-Enter sends"])
def test_alt_enter_makes_a_new_line(terminal: Terminal, keys: str) -> None:
    terminal.send(f"db-01 is{keys}")
    terminal.expect("> db-01 is\n")
    terminal.send("down\r")
    terminal.expect("2 lines, ends in 'b-01 is\\ndown'")


def test_without_a_host_the_ticket_is_kept_until_one_is_named(terminal: Terminal) -> None:
    terminal.send("the shop is down\r")
    terminal.expect("the ticket names no host; the ticket is kept")
    terminal.expect_prompt("no host yet")
    terminal.send("/host web-7\r")
    terminal.expect("ROOT CAUSE")
    terminal.expect_prompt("web-7")
    assert "1 lines, ends in 'shop is down'" in terminal.everything


def test_after_another_host_enter_alone_looks_at_it_with_the_same_ticket(terminal: Terminal) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("/host db-02\r")
    terminal.expect("Enter looks at it with the same ticket")
    terminal.expect_prompt("db-02")
    terminal.send("\r")
    terminal.expect("ROOT CAUSE", times=2)


def test_help_fits_the_screen_and_names_every_command(any_size: Terminal) -> None:
    any_size.send("/help\r")
    any_size.expect("/quit ")
    any_size.expect_prompt()
    for name in (command.name for command in COMMANDS):
        assert re.search(rf"^/{name}\b", any_size.everything, re.MULTILINE), name


MISTAKES = {
    "/shwo E1": "There is no command /shwo; did you mean /show?",
    "/xyzzy": "There is no command /xyzzy; /help lists them",
    "/next": "/next needs N. Usage: /next N",
    "/next soon": "/next takes a number as N, not 'soon'. Usage: /next N",
    "/version 3": "/version does not take '3'. Usage: /version",
    "/show E99": "There is no evidence E99; /show logs lists what there is",
    "/run rm -rf /": "rm -rf / is not in the catalogue",
}


def test_a_mistake_is_answered_in_a_line_and_the_prompt_is_back(folder: Path) -> None:
    with start(folder, columns=100, rows=60) as terminal:
        terminal.expect_prompt("no host yet")
        for typed, answer in MISTAKES.items():
            terminal.send(f"{typed}\r")
            terminal.expect(answer)
            terminal.expect_prompt()


def test_tab_completes_commands_collectors_and_evidence(any_size: Terminal) -> None:
    any_size.send("db-01 is down\r")
    any_size.expect_prompt("2 pieces of evidence")
    any_size.send("/collectors\r")
    any_size.expect("Space on each filesystem")
    any_size.expect_prompt()
    any_size.send("/colle")
    any_size.expect("Read evidence and ask nobody")  # the menu, with what each does
    any_size.send("\x15/collect fil\t")
    any_size.expect("> /collect filesystems")
    any_size.send("\x15/show diag\t")
    any_size.expect("> /show diagnosis")
    any_size.send("\r")
    any_size.expect("ROOT CAUSE", times=2)


@pytest.mark.parametrize("typed", ["/quit", "/exit", "quit", "exit", "\x04"])
def test_each_way_out_leaves_with_status_0(folder: Path, typed: str) -> None:
    with start(folder) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send(typed if typed == "\x04" else f"{typed}\r")
        assert terminal.exit_status() == 0


def test_ctrl_c_at_the_prompt_clears_the_draft_and_says_how_to_leave(terminal: Terminal) -> None:
    terminal.send("half a thought")
    terminal.expect("half a thought")
    terminal.send("\x03")
    terminal.expect_prompt("Ctrl-C again, or Ctrl-D, leaves")
    assert "half a thought" not in terminal.shown


def test_esc_clears_the_draft_and_undo_brings_it_back(terminal: Terminal) -> None:
    terminal.send("half a thought")
    terminal.expect("half a thought")
    terminal.send("\x1b")
    terminal.expect_prompt()
    terminal.send("\x1f")
    terminal.wait(lambda: "> half a thought" in terminal.shown, "the draft")


def test_vi_keys_on_request(folder: Path) -> None:
    (folder / "vi").touch()
    with start(folder) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("one two three")
        terminal.expect("three")
        terminal.send("\x1bbdw")
        terminal.wait(lambda: "> one two\n" in terminal.shown, "the word gone")


def test_the_editor_gets_the_whole_paste_and_gives_it_back_folded(folder: Path) -> None:
    editor = folder / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {folder}/seen\necho "and more on db-01" >> "$1"\n')
    editor.chmod(0o755)
    with start(folder, environment={"VISUAL": str(editor)}) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.paste("\n".join(f"line {n}" for n in range(1, 31)) + "\n")
        terminal.expect("[pasted 30 lines]")
        terminal.send("\x18\x05")
        terminal.expect("[pasted 31 lines]")
        assert (folder / "seen").read_text().splitlines()[29] == "line 30"
        terminal.send("\r")
        terminal.expect("31 lines, ends in 'ore on db-01'")


def test_ctrl_r_searches_what_was_typed_before(terminal: Terminal) -> None:
    for typed in ("/ticket", "/version", "/findings"):
        terminal.send(f"{typed}\r")
        terminal.wait(lambda typed=typed: f"> {typed}" in terminal.everything, typed)  # type: ignore[misc]
        terminal.expect_prompt()
    terminal.send("\x12vers")
    terminal.expect("I-search backward: vers")
    terminal.send("\r")
    terminal.wait(lambda: "I-search" not in terminal.shown, "the end of the search")
    terminal.send("\r")
    terminal.expect("tai 0.1.0", times=3)


def test_plain_means_no_bar_no_colour_and_nothing_that_moves(folder: Path) -> None:
    (folder / "plain").touch()
    with start(folder) as terminal:
        terminal.wait(lambda: terminal.shown.endswith(">") or "\n>" in terminal.shown, "the prompt")
        terminal.send("db-01 is slow\r")
        terminal.expect("/show E4")
        terminal.send("\x03")
        terminal.expect("stopped;")
        assert "no host yet" not in terminal.everything
        assert b"running" not in terminal.raw
        assert re.search(rb"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[0-9;]+)m", terminal.raw) is None


@pytest.mark.parametrize("ticket", ["", "db-01 is slow\r"], ids=["prompt", "work"])
def test_a_terminal_that_vanishes_ends_the_conversation_quietly(folder: Path, ticket: str) -> None:
    said = folder / "stderr"
    with start(folder, inside=["sh", "-c", f'exec "$@" 2> {said}', "sh"]) as terminal:
        terminal.expect_prompt("no host yet")
        if ticket:
            terminal.send(ticket)
            terminal.expect("/show E4")
        spawned: Any = terminal.process
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(
            nothing, spawned.child_fd
        )  # the terminal's end is closed, as when an xterm is killed or a link dies
        os.close(nothing)
        assert spawned.ptyproc.wait() in (0, 130)
        assert spawned.ptyproc.signalstatus is None
    assert (folder / "closed").exists()
    assert said.read_text() == ""


def test_ctrl_c_twice_leaves(terminal: Terminal) -> None:
    terminal.send("\x03\x03")
    assert terminal.exit_status() == 0


def test_ctrl_c_twice_at_leisure_does_not_leave(folder: Path) -> None:
    with start(folder) as terminal:
        terminal.expect_prompt("no host yet")
        for _ in range(2):
            terminal.send("\x03")
            terminal.wait(lambda: terminal.bottom.startswith("Ctrl-C again"), "the hint")
            terminal.wait(lambda: terminal.bottom.startswith("no host"), "the hint's end")
        terminal.send("\x04")
        assert terminal.exit_status() == 0


def test_a_host_that_cannot_be_reached_is_told_once_and_enter_tries_again(terminal: Terminal) -> None:
    terminal.send("db-01 unreachable\r")
    terminal.expect("cannot reach db-01: refused")
    terminal.expect_prompt("Enter looks into the same ticket")
    assert terminal.everything.count("Start sshd.") == 1
    terminal.send("\r")
    terminal.expect("cannot reach db-01: refused", times=2)


@pytest.mark.parametrize("ticket", ["db-01 is slow", "db-01 stream"], ids=["collecting", "answering"])
def test_ctrl_c_stops_the_work_and_keeps_what_it_brought(any_size: Terminal, ticket: str) -> None:
    any_size.send(f"{ticket}\r")
    any_size.expect("/show E4")
    any_size.expect("writing the answer" if "stream" in ticket else "#3 filesystems")
    any_size.send("\x03")
    any_size.expect("stopped; 2 pieces of evidence are kept")
    any_size.expect_prompt("2 pieces of evidence")
    assert "writing the answer" not in any_size.shown
    assert "running" not in any_size.shown
    any_size.send("/show E1\r")
    any_size.expect("/dev/vdb1 ext4")


def test_ctrl_c_again_leaves_even_when_the_work_takes_its_time_to_stop(terminal: Terminal) -> None:
    terminal.send("db-01 is stubborn\r")
    terminal.expect("filesystems")
    terminal.send("\x03")
    terminal.expect("stopped;")
    assert terminal.leave_by_ctrl_c() == 0


@pytest.mark.parametrize(
    ("key", "answer", "outcome"),
    [("y", "  yes", "/dev/vdb1 ext4"), ("n", "  no", "you did not want"), ("\r", "  no", "you did not want")],
    ids=["y", "n", "Enter"],
)
def test_a_command_that_does_more_than_read_runs_only_after_the_key_y(
    terminal: Terminal, key: str, answer: str, outcome: str
) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("/run ask hostnamectl\r")
    terminal.expect("may this run? hostnamectl status")
    terminal.expect("besides reading: ")
    terminal.expect("tier B; y runs it, any other key does not")
    terminal.send(key)
    terminal.expect(answer)
    terminal.expect(outcome)
    terminal.expect_prompt("2 pieces of evidence")


def test_a_y_that_was_typed_before_the_question_is_no_answer(terminal: Terminal) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("/run ask hostnamectl\ryyy")
    terminal.expect("any other key does not")
    terminal.send("n")
    terminal.expect("you did not want it to run")


def test_ctrl_c_at_the_question_runs_nothing_and_gives_the_prompt_back(terminal: Terminal) -> None:
    terminal.send("/run ask hostnamectl\r")
    terminal.expect("any other key does not")
    terminal.send("\x03")
    terminal.expect_prompt()
    terminal.send("/version\r")
    terminal.expect("tai 0.1.0", times=2)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=["SIGHUP", "SIGTERM"])
@pytest.mark.parametrize("ticket", ["", "db-01 is slow\r"], ids=["prompt", "work"])
def test_a_terminal_that_goes_away_stops_the_work_and_closes_what_is_open(
    folder: Path, terminal: Terminal, ticket: str, number: signal.Signals
) -> None:
    if ticket:
        terminal.send(ticket)
        terminal.expect("/show E4")
    terminal.process.kill(number)
    assert terminal.exit_status() == 130
    assert (folder / "closed").exists()
    assert "Traceback" not in terminal.everything


def test_the_screen_survives_a_resize_during_work(folder: Path) -> None:
    with start(folder, columns=120, rows=30) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("db-01 stream\r")
        terminal.expect("writing the answer")
        terminal.process.setwinsize(24, 60)
        terminal.screen.resize(24, 60)
        terminal.send("\x03")
        terminal.expect("stopped;")
        terminal.expect_prompt("db-01")


def test_a_resize_while_the_answer_streams_leaves_one_prompt_and_a_whole_answer(folder: Path) -> None:
    with start(folder, columns=120, rows=30) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("db-01 stream\r")
        terminal.expect("writing the answer")
        for columns, rows in ((60, 20), (200, 60), (80, 24)):
            terminal.process.setwinsize(rows, columns)
            terminal.screen.resize(rows, columns)
            before = len(terminal.raw)
            terminal.wait(lambda before=before: len(terminal.raw) > before + 500, "more of the stream")  # type: ignore[misc]
        terminal.send("\x03")
        terminal.expect("stopped; 2 pieces of evidence are kept")
        terminal.expect_prompt("2 pieces of evidence")
        terminal.send("/show E1\r")
        terminal.expect("/dev/vdb1 ext4")


def test_over_a_link_that_is_200_ms_late_nothing_is_lost_or_taken_for_something_else(folder: Path) -> None:
    late = [sys.executable, str(Path(__file__).with_name("slow_output.py")), "0.2"]
    with start(folder, inside=late) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.paste("\n".join(f"line {n} on db-01 stream" for n in range(1, 301)))
        terminal.expect("[pasted 300 lines]")
        terminal.send("\x1b\rand more\r")  # Alt-Enter in one piece, as terminals send it
        terminal.expect("writing the answer")
        terminal.send("\x03")
        terminal.expect("stopped; 2 pieces of evidence are kept")
        terminal.expect_prompt("2 pieces of evidence")
        assert "301 lines, ends in" in terminal.everything
        terminal.send("/vers\t\r")
        terminal.expect("tai 0.1.0", times=2)
        terminal.expect_prompt()
        terminal.send("\x04")
        assert terminal.exit_status() == 0


def test_hostile_text_of_a_host_reaches_the_terminal_as_text(terminal: Terminal) -> None:
    terminal.send("db-01 is down\r")
    terminal.expect_prompt("2 pieces of evidence")
    terminal.send("/show E4\r")
    terminal.expect("[bold red]not markup[/]")
    terminal.expect_prompt()
    assert b"\x1b]8" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw
    assert r"\x1b]8;;http" in terminal.everything


def test_no_color_means_no_colour_and_nothing_that_moves(folder: Path) -> None:
    with start(folder, environment={"NO_COLOR": "1"}) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("db-01 is slow\r")
        terminal.expect("filesystems")
        terminal.send("\x03")
        terminal.expect("stopped;")
        terminal.expect_prompt("db-01")
        coloured = re.search(rb"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[0-9;]+)m", terminal.raw)
        assert coloured is None
        assert b"running" not in terminal.raw


def test_a_dumb_terminal_gets_text_and_no_escape_sequence(folder: Path) -> None:
    with start(folder, environment={"TERM": "dumb"}) as terminal:
        terminal.expect("Ctrl-D leaves.\n>")
        terminal.send("db-01 is down\r")
        terminal.expect("ROOT CAUSE")
        terminal.expect("answered by")
        terminal.send("/version\r")
        terminal.expect("tai 0.1.0", times=2)
        assert b"\x1b" not in terminal.raw
        terminal.send("\x04")
        assert terminal.exit_status() == 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_the_conversation_works_inside_tmux(folder: Path) -> None:
    (folder / "tmux.conf").write_text("set -g status off\nset -g default-terminal screen-256color\n")
    tmux = ["tmux", "-S", str(folder / "socket"), "-f", str(folder / "tmux.conf")]
    try:
        with start(folder, inside=[*tmux, "new-session"]) as terminal:
            terminal.expect_prompt("no host yet")
            terminal.paste("\n".join(f"line {n} on db-01 held" for n in range(1, 301)))
            terminal.expect("[pasted 300 lines]")
            terminal.send("\r")
            terminal.expect("/show E4")
            terminal.expect("1 command running")
            terminal.send("\x03")
            terminal.expect("stopped; 2 pieces of evidence are kept")
            terminal.expect_prompt("2 pieces of evidence")
            terminal.send("/show E1\r")
            terminal.expect("/dev/vdb1 ext4")
            terminal.send("\x04")
            terminal.exit_status()
        assert (folder / "closed").exists()
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)


def test_clear_empties_screen_and_conversation_and_says_what_stays(any_size: Terminal) -> None:
    any_size.send("db-01 is down\r")
    any_size.expect_prompt("2 pieces of evidence")
    any_size.send("/clear\r")
    any_size.expect("Screen and conversation cleared; 2 pieces of evidence stay.")
    any_size.expect_prompt("2 pieces of evidence")
    assert "ROOT CAUSE" not in any_size.shown


def test_history_is_private_masked_and_comes_back_with_up(folder: Path) -> None:
    secret = "hunter2" + "hunter2"
    with start(folder) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send(f"mysql --password={secret} fails on db-01\r")
        terminal.expect_prompt("2 pieces of evidence")
        terminal.send("\x1b[A")
        terminal.wait(lambda: "> mysql --password=<redacted:" in terminal.shown, "the masked entry")
    assert secret not in history(folder)
    assert "mysql --password=<redacted:" in history(folder)
    path = folder / "state" / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_costs_only_the_history(folder: Path) -> None:
    (folder / "state").write_text("a file where the folder should be")
    with start(folder) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("/version\r")
        terminal.expect("tai 0.1.0", times=2)
        terminal.expect_prompt()


def test_an_opening_that_fails_ends_the_conversation_before_a_ticket_is_typed(folder: Path) -> None:
    (folder / "broken").touch()
    with start(folder, columns=250) as terminal:
        assert terminal.exit_status() == 2
        assert "bad.toml:3: unknown key" in terminal.everything
        assert "Traceback" not in terminal.everything
