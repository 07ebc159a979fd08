"""The conversation in a terminal: prompt, work, prompt. A short assembly of `prompt`, `views` and `tai.commands`.

The prompt comes first: what it does not need (the engine, the look of things) is imported behind it.

While work runs nothing is prompted for, so its lines have the screen to themselves, but for one at the bottom that shows what
is typed meanwhile (`ahead`). Ctrl-C stops the work and keeps what it brought.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tai.commands.context import Context
from tai.commands.dispatch import dispatch
from tai.commands.registry import Candidate
from tai.commands.slash import COMMANDS
from tai.commands.views import Message, ObservationView, View
from tai.errors import EXIT_INTERRUPTED, EXIT_OK, HostError, TaiError
from tai.frontends.activity import Activity
from tai.frontends.ahead import TypeAhead
from tai.frontends.console import silence
from tai.frontends.first_run import welcome
from tai.frontends.keys import keys_unseen
from tai.frontends.prompt import Interrupts, Prompt
from tai.frontends.status import status

Opening = Callable[[Callable[[View], None]], Context]
"""Makes the conversation's context, given what shows views. It runs in a thread beside the prompt: it emits no event."""


class Repl:
    """One conversation.

    opening: what takes time to import and to load; it starts when the prompt stands. greeting: the first line.
    engine: who will answer, for the status bar. history: the file of entries; without one this is somebody's first time.
    first: an entry to begin with, as if it had been typed. activity: of whoever tells what happens.
    vi, plain: as for the prompt.
    """

    def __init__(
        self,
        console: Console,
        opening: Opening,
        *,
        activity: Activity,
        greeting: str,
        engine: str,
        history: Path,
        first: str = "",
        vi: bool = False,
        plain: bool = False,
    ) -> None:
        self._console = console
        self._opening = opening
        self._greeting = greeting
        self._engine = engine
        self._first = first
        self._first_time = not history.exists()
        self._context: Context | None = None
        self._interrupts = Interrupts()
        self._to_read: ObservationView | None = None
        self._prompt = Prompt(
            history=history,
            mask=_masked,
            complete=self._complete,
            status=self._status,
            interrupts=self._interrupts,
            vi=vi,
            plain=plain,
        )
        self._ahead = TypeAhead(console, self._prompt.keyboard, activity)

    async def run(self) -> int:
        """Talk until the user leaves, or the terminal goes; returns the exit code. Raises what `opening` raises."""
        loop, here = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # A closed terminal must stop the commands on the host as Ctrl-C does.
            loop.add_signal_handler(number, here.cancel if here else loop.stop)
        try:
            with (
                keys_unseen()
            ):  # also between two prompts, where a key would otherwise meet a cooked terminal
                return await self._run()
        except asyncio.CancelledError:
            return EXIT_INTERRUPTED
        except OSError as error:
            # The terminal vanished while the input line was drawn; the hang-up may still be on its way.
            silence(sys.stdout, error)
            return EXIT_INTERRUPTED

    async def _run(self) -> int:
        self._console.print(Text(self._greeting, style="dim"))
        if self._first_time:
            self._console.print(Text(welcome(model=self._engine != "deterministic")))
        drawn = asyncio.Event()
        self._prompt.when_drawn(drawn.set)
        if self._first:
            drawn.set()  # no prompt stands before it is done
        opening = asyncio.create_task(self._open(drawn))
        opening.add_done_callback(self._opened)
        try:
            await self._talk(opening)
        finally:
            drawn.set()
            await asyncio.wait([opening])
            if self._context is not None:
                await self._context.investigation.close()
        return EXIT_OK

    async def _open(self, drawn: asyncio.Event) -> Context:
        await drawn.wait()
        self._context = await asyncio.to_thread(self._opening, self._show)
        # The first entry passes it before the work begins, and must not wait for a hundred patterns to be compiled.
        await asyncio.to_thread(_masked, "")
        return self._context

    def _opened(self, opening: asyncio.Task[Context]) -> None:
        """A bad collector file, say, ends the conversation before a ticket has been typed in vain."""
        error = opening.exception()
        if error is not None:
            self._prompt.fail(error)

    async def _talk(self, opening: asyncio.Task[Context]) -> None:
        if self._first and await self._turn(opening, self._first):
            return
        while True:
            try:
                entry = self._sent() or await self._prompt.ask("> ", self._ahead.draft())
            except EOFError:
                return
            if await self._turn(opening, entry, typed=True):
                return

    async def _turn(self, opening: asyncio.Task[Context], entry: str, *, typed: bool = False) -> bool:
        """Do what `entry` says; whether the user leaves. typed: it is to be remembered."""
        with self._ahead.reading():
            context = await opening
            if typed:
                self._prompt.remember(entry)
            await self._work(dispatch(context, entry), context)
        await self._read()
        if not context.leaving:
            self._console.print()
        return context.leaving

    def _sent(self) -> str:
        """The entry that was sent while work ran, '' for none. It is shown as the prompt would have left it."""
        typed = self._ahead.entry()
        if typed is None:
            return ""
        from tai.frontends.lines import hang  # noqa: PLC0415 - not before the prompt stands

        self._console.print(hang("> ", typed.text))
        return typed.whole

    async def _work(self, work: Coroutine[None, None, None], context: Context) -> None:
        """Do `work` until it ends or Ctrl-C stops it; a second Ctrl-C soon after leaves."""
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(work)
        stopped = False

        def interrupt() -> None:
            nonlocal stopped
            stopped = True
            self._ahead.keep()
            context.leaving = self._interrupts.press() or context.leaving
            task.cancel()

        loop.add_signal_handler(signal.SIGINT, interrupt)
        try:
            await task
        except HostError:
            return  # told as an event, with hop, cause and remedy
        except TaiError as error:
            self._show(Message(str(error), warning=True))
        except asyncio.CancelledError:
            if not stopped:
                raise
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _read(self) -> None:
        """Open the pager on what was asked for, if it was and is longer than the screen."""
        view, self._to_read = self._to_read, None
        if view is None:
            return
        from tai.frontends.pager import Pager  # noqa: PLC0415 - not before the prompt stands
        from tai.frontends.pages import pages  # noqa: PLC0415

        seen, cited = view.observation, view.cited
        title = f"{seen.id} {seen.source}"
        await Pager(title, lambda form: pages(seen, form, cited), form=view.form, line=view.first).show()

    def _show(self, view: View) -> None:
        if isinstance(view, ObservationView) and view.paged and self._longer(view):
            self._to_read = view
            return
        from tai.frontends.views import draw  # noqa: PLC0415 - not before the prompt stands

        draw(self._console, view)

    def _longer(self, view: ObservationView) -> bool:
        """Whether it is more than the screen holds, and the terminal is one for a pager."""
        from tai.frontends.console import moves  # noqa: PLC0415
        from tai.frontends.pages import pages  # noqa: PLC0415

        room = self._console.height - 5  # two lines above it, one below, and the prompt
        return moves(self._console) and len(pages(view.observation, view.form, view.cited)) > room

    def _complete(self, before: str) -> Iterator[Candidate]:
        yield from COMMANDS.complete(before, self._context)

    def _status(self) -> list[str]:
        context = self._context
        if context is None:
            return ["no host yet", self._engine]
        parts = status(context.investigation.session, context.investigation.who)
        if context.waiting and context.investigation.session.target_name:
            parts.append("Enter looks into the same ticket")
        return parts


@cache
def _redactor() -> Callable[[str], str]:
    from tai.text.redact import Redactor  # noqa: PLC0415 - a hundred patterns, compiled when the first entry is kept

    redactor = Redactor()
    return lambda text: redactor.redact(text).text


def _masked(text: str) -> str:
    return _redactor()(text)
