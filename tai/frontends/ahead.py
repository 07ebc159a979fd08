"""What is typed while work runs: shown under what moves, queued by Enter, and else what the next prompt begins with.

Not the prompt (`prompt`): of its keys these are the few that a line needs without a cursor in it. Where nothing can move, keys
wait unseen for the prompt (`keys`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tai.frontends.activity import Activity
from tai.frontends.paste import Pastes, Typed
from tai.frontends.prompt import ESCAPE_S, SEQUENCE_S

# Entries that are shown waiting; more are counted.
_MOST_QUEUED = 3
_MARK_PASTES, _LEAVE_PASTES = "\x1b[?2004h", "\x1b[?2004l"


class TypeAhead:
    """Reads `keyboard` while `reading` is entered; shows what came through `activity`."""

    def __init__(self, console: Console, keyboard: Input, activity: Activity) -> None:
        self._console = console
        self._keyboard = keyboard
        self._activity = activity
        self._queue: deque[Typed] = deque()
        self._drafts: deque[Typed] = deque()
        self._text = ""
        self._pastes = Pastes()
        self._escaped = False
        self._timer: asyncio.TimerHandle | None = None
        self._taking: ExitStack | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take what is typed inside the block, where it can be shown."""
        if not self._activity.moves or not self._keyboard_is_one():
            yield
            return
        with self._activity.above(self):
            self._take()
            try:
                yield
            finally:
                self._leave()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block keys are for whoever asks something; what was typed before stays what it was."""
        if taking := self._taking is not None:
            self._leave()
        try:
            yield
        finally:
            if taking:
                self._take()

    def entry(self) -> Typed | None:
        """The entry to go on with, when one was sent while work ran."""
        return self._queue.popleft() if self._queue else None

    def draft(self) -> Typed:
        """What the next prompt begins with."""
        if self._drafts:
            return self._drafts.popleft()
        typed = Typed(self._text, self._pastes)
        self._begin()
        return typed

    def keep(self) -> None:
        """Nothing goes on by itself after Ctrl-C: each entry that waited becomes the draft of a prompt, in turn."""
        self._drafts.extend(self._queue)
        self._queue.clear()

    def lines(self, width: int) -> Sequence[Text]:
        """See `tai.frontends.activity.Below`."""
        from tai.frontends.lines import FAINT, one_line, shown  # noqa: PLC0415 - not before the prompt stands

        waiting = list(self._queue)
        lines = [one_line(f"next > {each.text}", FAINT) for each in waiting[:_MOST_QUEUED]]
        if more := waiting[_MOST_QUEUED:]:
            lines.append(Text(f"and {len(more)} more", style=FAINT))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        if self._text:
            above, _, last = self._text.rpartition("\n")
            begun = "… " if above else "> "
            typed = shown(last).plain.replace("\n", " ").replace("\t", " ")
            lines.append(Text.assemble(begun, _end(typed, width - 3), (" ", "reverse")))
        return lines

    # ------------------------------------------------------------ the keyboard

    def _keyboard_is_one(self) -> bool:
        return not self._keyboard.closed and self._console.is_terminal

    def _take(self) -> None:
        with ExitStack() as taking:
            taking.enter_context(self._keyboard.attach(self._came))
            self._write(_MARK_PASTES)
            taking.callback(self._write, _LEAVE_PASTES)
            self._taking = taking.pop_all()
        self._press(get_typeahead(self._keyboard))  # what came in one piece with the Enter before

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._taking is not None:
            self._taking.close()
            self._taking = None

    def _write(self, sequence: str) -> None:
        self._console.file.write(sequence)
        self._console.file.flush()

    def _came(self) -> None:
        if self._keyboard.closed:
            self._leave()
            return
        self._press(self._keyboard.read_keys())
        # An Esc is held back, by the parser for the rest of a sequence and here for an Enter.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(ESCAPE_S, self._paused)

    def _paused(self) -> None:
        self._press(self._keyboard.flush_keys())
        if self._escaped:
            self._timer = asyncio.get_running_loop().call_later(SEQUENCE_S - ESCAPE_S, self._clear)

    def _clear(self) -> None:
        self._begin()
        self._activity.refresh()

    # ------------------------------------------------------------ editing

    def _begin(self) -> None:
        self._text, self._pastes, self._escaped = "", Pastes(), False

    def _press(self, presses: Sequence[KeyPress]) -> None:
        """Take keys in and show what they make."""
        if not presses:
            return
        for at, press in enumerate(presses):
            alt, self._escaped = self._escaped, False
            behind = any(each.key != Keys.CPRResponse for each in presses[at + 1 :])
            self._take_in(press, alt=alt, behind=behind)
        self._activity.refresh()

    def _take_in(self, press: KeyPress, *, alt: bool, behind: bool) -> None:
        """One key. alt: Esc was before it. behind: more keys came in the same piece, so that a line end is one of a paste."""
        match press.key:
            case Keys.Escape:
                self._escaped = True
            case Keys.ControlM | Keys.ControlJ:
                if alt or (behind and not self._text.startswith("/")):
                    self._text += "\n"
                else:
                    self._send()
            case Keys.ControlD if not self._text:
                self._queue.append(Typed("/quit", Pastes()))
            case Keys.BracketedPaste:
                self._text += self._pastes.fold(press.data)
            case Keys.ControlH:
                self._text = self._pastes.without_end(self._text)
            case Keys.ControlW:
                self._text = self._pastes.without_end(self._text, word=True)
            case Keys.ControlU:
                self._begin()
            case Keys():
                pass  # to move in a line, it takes the prompt
            case str() as character if not alt and character.isprintable():
                self._text += character
            case _:
                pass

    def _send(self) -> None:
        if self._text.strip():
            self._queue.append(Typed(self._text, self._pastes))
        self._begin()


def _end(text: str, room: int) -> str:
    """`text`, or as much of its end as fits into `room` columns."""
    if cell_len(text) <= room:
        return text
    width, start = 1, len(text)
    while start and width + cell_len(text[start - 1]) <= room:
        start -= 1
        width += cell_len(text[start])
    return f"…{text[start:]}"
