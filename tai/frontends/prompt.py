"""The input line: keys, paste, completion, history and the status bar under it. Not what becomes of an entry (`repl`).

Beside it only `ahead`, `history` and `pager` know prompt-toolkit.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, create_app_session, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, emacs_mode, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal

from tai.commands.registry import Candidate
from tai.frontends.history import MaskedHistory
from tai.frontends.paste import Pastes, Typed

# Two presses of Ctrl-C within this many seconds are a wish to leave; further apart, two wishes to stop something.
_TWICE_S = 2.0
# How long an Esc from the terminal may be the start of a longer key, and how long an Esc that was pressed may be that of a sequence.
ESCAPE_S = 0.1
SEQUENCE_S = 0.5
# Long enough for a key to be drawn before what it opens, short enough to seem at once.
_ECHO_S = 0.02
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse", "bottom-toolbar.text": "ansibrightblack"})


class Interrupts:
    """Counts Ctrl-C, at the prompt and during work alike."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = float("-inf")

    def press(self) -> bool:
        """One more press; True when it follows the one before closely enough to mean "leave"."""
        now = self._clock()
        twice = now - self._last <= _TWICE_S
        self._last = now
        return twice

    @property
    def recent(self) -> bool:
        """Whether one more press now would leave."""
        return self._clock() - self._last <= _TWICE_S


class Prompt:
    """Asks for one entry at a time.

    history: the file. mask: takes secrets out of what is written there. complete: candidates for the line up to the
    cursor. status: the parts of the bar, the most telling first; those that do not fit are left out. vi: its keys in place of
    emacs'. plain: no bar, no menu, no colour, as in a shell.
    """

    def __init__(
        self,
        *,
        history: Path,
        mask: Callable[[str], str],
        complete: Callable[[str], Iterable[Candidate]],
        status: Callable[[], Sequence[str]],
        interrupts: Interrupts,
        vi: bool = False,
        plain: bool = False,
    ) -> None:
        self._interrupts = interrupts
        self._status = status
        self._candidates = complete
        self._pastes = Pastes()
        self._history = MaskedHistory(history, mask)
        self._app: Application[str] | None = None
        self._then: Callable[[], None] | None = None
        # On a dumb terminal prompt-toolkit asks plainly, but greets it with escape sequences all the same.
        self._dumb = is_dumb_terminal()
        with create_app_session(output=PlainTextOutput(sys.stdout)) if self._dumb else nullcontext():
            self._session: PromptSession[str] = PromptSession(
                multiline=True,
                history=self._history,
                completer=_Completer(complete),
                complete_while_typing=Condition(
                    lambda: not plain and get_app().current_buffer.text.startswith("/")
                ),
                key_bindings=self._keys(),
                bottom_toolbar=None if plain else self._toolbar,
                prompt_continuation="  ",
                style=_STYLE,
                vi_mode=vi,
                reserve_space_for_menu=0 if plain else 6,
                color_depth=ColorDepth.MONOCHROME if plain else None,
            )
        # Esc alone means something, so it may not wait as long as for a key sequence of a slow typist; Esc-Enter has the half second.
        self._session.app.ttimeoutlen = ESCAPE_S
        self._session.app.timeoutlen = SEQUENCE_S

    @property
    def keyboard(self) -> Input:
        """Where keys come from: with what was begun of a sequence, so that all who read in turn share it."""
        return self._session.input

    async def ask(self, message: str, begun: Typed | None = None) -> str:
        """The next entry, pasted blocks in full. Raises EOFError when the user leaves.

        begun: what was typed of it already.
        """
        self._pastes = begun.pastes if begun else Pastes()
        if self._dumb:
            self._tell_drawn()  # nothing is ever rendered there
        return self._pastes.unfold(
            await self._session.prompt_async(
                message, default=begun.text if begun else "", pre_run=self._running
            )
        )

    def remember(self, entry: str) -> None:
        """Keep an entry for Up, Ctrl-R and the next conversation."""
        self._history.remember(entry)

    def when_drawn(self, then: Callable[[], None]) -> None:
        """Call `then` once, when the next prompt has appeared: the time for what would have delayed it."""
        self._then = then

    def fail(self, error: BaseException) -> None:
        """Make the `ask` that is waiting, if one is, raise `error`."""
        if self._app is not None and self._app.is_running:
            self._app.exit(exception=error)

    def _running(self) -> None:
        self._app = get_app()
        self._app.after_render += self._drawn
        self._fade_hint()

    def _fade_hint(self) -> None:
        """Draw the bar once more when Ctrl-C has ceased to count."""
        if self._app is not None and self._interrupts.recent:
            asyncio.get_running_loop().call_later(_TWICE_S, self._app.invalidate)

    def _drawn(self, app: Application[str]) -> None:
        app.after_render -= self._drawn
        self._tell_drawn()

    def _tell_drawn(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _toolbar(self) -> StyleAndTextTuples:
        width = get_app().output.get_size().columns
        hint = ["Ctrl-C again, or Ctrl-D, leaves"] if self._interrupts.recent else []
        return [("", fitted([*hint, *self._status()], width))]

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        at_line = has_focus(DEFAULT_BUFFER)

        @keys.add("enter", filter=at_line)
        def _send(event: KeyPressEvent) -> None:
            """Send; but a line end with more keys right behind it is a paste from a terminal that does not mark pastes."""
            buffer = event.current_buffer
            behind = any(press.key != Keys.CPRResponse for press in event.key_processor.input_queue)
            if behind and not buffer.text.startswith("/"):
                buffer.insert_text("\n")
            else:
                buffer.validate_and_handle()

        @keys.add("escape", "enter", filter=at_line)
        def _new_line(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @keys.add("escape", filter=at_line & emacs_mode)
        def _clear(event: KeyPressEvent) -> None:
            """Close the menu, or clear the draft, which Ctrl-_ brings back. In vi mode Esc is taken."""
            buffer = event.current_buffer
            if buffer.complete_state is not None:
                buffer.cancel_completion()
            elif buffer.text:
                buffer.save_to_undo_stack()
                buffer.text = ""

        @keys.add("c-x", "c-e", filter=at_line)
        def _edit(event: KeyPressEvent) -> None:
            """The draft in $VISUAL or $EDITOR, pasted blocks in full."""
            event.app.create_background_task(self._edited(event.current_buffer))

        @keys.add("tab", filter=at_line)
        def _complete(event: KeyPressEvent) -> None:
            """At once, not in the background as prompt-toolkit does: a Tab right behind its word must not get lost."""
            buffer = event.current_buffer
            if buffer.complete_state is not None:
                buffer.complete_next()
                return
            found = list(self._candidates(buffer.document.text_before_cursor))
            if not found:
                return
            texts = [candidate.text for candidate in found]
            common = os.path.commonprefix(texts)  # noqa: RUF071 - by character is what is wanted
            buffer.delete_before_cursor(found[0].replaces)
            buffer.insert_text(common + (" " if len(found) == 1 else ""))
            if len(found) > 1:
                buffer.start_completion()

        @keys.add(Keys.BracketedPaste, filter=at_line)
        def _paste(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(self._pastes.fold(event.data))

        @keys.add("c-c", filter=at_line)
        @keys.add("<sigint>")
        def _interrupt(event: KeyPressEvent) -> None:
            if self._interrupts.press():
                event.app.exit(exception=EOFError())
                return
            self._pastes.clear()
            event.current_buffer.reset()
            self._fade_hint()

        return keys

    async def _edited(self, buffer: Buffer) -> None:
        buffer.text = self._pastes.unfold(buffer.text)
        await buffer.open_in_editor()
        buffer.text = self._pastes.fold(buffer.text)
        buffer.cursor_position = len(buffer.text)


def fitted(parts: Sequence[str], width: int) -> str:
    """As many of `parts` as fit beside each other into `width` columns, at least the first, cut if need be."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if line and len(longer) > width:
            break
        line = longer
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…"


class _Completer(Completer):
    def __init__(self, complete: Callable[[str], Iterable[Candidate]]) -> None:
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        del complete_event
        for candidate in self._complete(document.text_before_cursor):
            yield Completion(candidate.text, -candidate.replaces, display_meta=candidate.meaning)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The same; the menu of all commands waits until the key that opens it has been echoed.

        Drawing it takes longer than an echo may (docs/performance.md). A menu that is open already changes with its key, or it would flicker.
        """
        if document.text == "/":
            await asyncio.sleep(_ECHO_S)
        for completion in self.get_completions(document, complete_event):
            yield completion
