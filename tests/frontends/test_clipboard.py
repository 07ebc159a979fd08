"""The clipboard: by the desktop's program, by the terminal, through tmux and screen; with its limit."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest

from tai.errors import InputError
from tai.frontends.clipboard import MOST, copy, sequence


def program(folder: Path, name: str, *, fails: bool = False) -> Path:
    """A real program of that name that keeps what it is given; its file."""
    kept = folder / f"{name}.kept"
    script = folder / name
    script.write_text(f'#!/bin/sh\necho "$@" >{kept}.words\n' + ("exit 1\n" if fails else f"cat >{kept}\n"))
    script.chmod(0o755)
    return kept


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"{tmp_path}:{os.environ['PATH']}"


@pytest.mark.parametrize(("display", "name"), [("WAYLAND_DISPLAY", "wl-copy"), ("DISPLAY", "xclip")])
def test_on_a_desktop_its_own_program_takes_the_text(
    tmp_path: Path, path: str, display: str, name: str
) -> None:
    kept = program(tmp_path, name)
    assert name in copy("ä report", {"PATH": path, display: ":0"}, tmp_path / "tty")
    assert kept.read_text() == "ä report"


def test_over_ssh_the_terminal_takes_it_even_with_a_display(tmp_path: Path, path: str) -> None:
    program(tmp_path, "xclip")
    terminal = tmp_path / "tty"
    said = copy("report", {"PATH": path, "DISPLAY": "localhost:10", "SSH_TTY": "/dev/pts/1"}, terminal)
    assert "OSC 52" in said
    assert terminal.read_bytes() == b"\x1b]52;c;" + base64.b64encode(b"report") + b"\x07"


def test_in_tmux_its_buffer_takes_it_and_an_old_one_passes_it_through(tmp_path: Path, path: str) -> None:
    kept = program(tmp_path, "tmux")
    env = {"PATH": path, "TMUX": "/tmp/tmux-0/default,1,0", "SSH_TTY": "/dev/pts/1"}
    assert "tmux" in copy("report", env, tmp_path / "tty")
    assert kept.read_text() == "report"
    assert Path(f"{kept}.words").read_text().split() == ["load-buffer", "-w", "-"]
    program(tmp_path, "tmux", fails=True)
    copy("report", env, tmp_path / "tty")
    assert (tmp_path / "tty").read_bytes().startswith(b"\x1bPtmux;\x1b\x1b]52;c;")


def test_screen_gets_pieces_that_it_passes_on_whole() -> None:
    sent = sequence(b"x" * 1000, {"STY": "1.pts"})
    pieces = re.findall(rb"\x1bP(.*?)\x1b\\", sent, re.DOTALL)
    assert b"".join(pieces) == sequence(b"x" * 1000, {})
    assert max(map(len, pieces)) <= 256


def test_what_a_terminal_would_not_take_is_refused_with_what_to_do(tmp_path: Path) -> None:
    copy("x" * MOST, {"SSH_TTY": "x"}, tmp_path / "tty")
    with pytest.raises(InputError, match=r"74,994 at most.*--output"):
        copy("x" * (MOST + 1), {"SSH_TTY": "x"}, tmp_path / "tty")


def test_without_terminal_or_desktop_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no clipboard"):
        copy("x", {"PATH": ""}, tmp_path / "no" / "tty")
