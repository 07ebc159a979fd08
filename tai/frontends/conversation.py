"""Puts the conversation together: the prompt first, and the investigation behind it while the user reads it.

Counterpart of `tai.frontends.run`, which does the same for one-shot commands.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tai import __version__
from tai.errors import EXIT_OK, InputError, ModelError, TaiError
from tai.frontends.activity import Activity
from tai.frontends.assembly import Parts, build, new_session, old_session
from tai.frontends.console import open_console
from tai.frontends.engines import answering, engine_name, same_server, turned
from tai.frontends.flags import Flags
from tai.frontends.login import ssh_connect
from tai.frontends.repl import Repl
from tai.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from tai.bus import Bus
    from tai.commands import Context
    from tai.commands.views import View
    from tai.engine.investigate import Investigation
    from tai.engine.session import Session
    from tai.events import SessionEnded
    from tai.frontends.render import Renderer
    from tai.policy import ReadOnlyCommand


def converse(flags: Flags, chosen: Settings) -> int:
    """Talk until the user leaves; the exit status. A session of `flags` is gone on with at once."""
    console = open_console(sys.stdout, plain=chosen.plain)
    if flags.session:
        from tai.frontends.sessions import shelf  # noqa: PLC0415 - only on the way to an earlier session

        shelf(chosen).find(flags.session)  # an id that is none is told before a prompt stands
    activity = Activity(console)
    sessions = _Sessions(flags, chosen, console, activity)
    repl = Repl(
        console,
        sessions.opening,
        activity=activity,
        greeting=f"tai {__version__} · read-only · {engine_name(chosen)} engine",
        engine=f"{engine_name(chosen)} {chosen.model}".strip(),
        history=chosen.state_dir / "history",
        vi=chosen.keys == "vi",
        plain=chosen.plain,
        first=f"/resume {flags.session}" if flags.session else "",
    )
    try:
        return asyncio.run(repl.run())
    finally:
        sessions.close()


class _Sessions:
    """The sessions of one conversation, one at a time: the one that the prompt began with, then each that is resumed."""

    def __init__(self, flags: Flags, chosen: Settings, console: Console, activity: Activity) -> None:
        self._flags = flags
        self._chosen = self._configured = chosen
        self._console = console
        self._activity = activity
        self._leave: list[Callable[[], None]] = []
        self._past: list[Session] = []
        self._bus: Bus | None = None
        self._renderer: Renderer | None = None
        self._context: Context | None = None
        self._parts: Parts

    def opening(self, show: Callable[[View], None]) -> Context:
        """The context of the prompt. It runs in a thread while the prompt stands."""
        from tai.commands import Context  # noqa: PLC0415 - while the prompt is on the screen already
        from tai.frontends.assembly import load_parts  # noqa: PLC0415
        from tai.frontends.clipboard import copy  # noqa: PLC0415
        from tai.frontends.output import recorded_report, save, text_of  # noqa: PLC0415
        from tai.frontends.render import Renderer  # noqa: PLC0415
        from tai.frontends.sessions import shelf  # noqa: PLC0415

        self._renderer = renderer = Renderer(
            self._console, verbose=self._flags.verbose, interactive=True, activity=self._activity
        )
        self._leave.append(renderer.close)
        self._parts = load_parts(self._chosen)
        investigation = self._begun(None)
        self._context = context = Context(
            investigation=investigation,
            catalog=self._parts.catalog,
            show=show,
            doctor=self.doctor,
            talk=renderer,
            shelf=shelf(self._chosen),
            resume=self.resume,
            save=lambda folder, path: save(path, recorded_report(folder)),
            copy=lambda folder: copy(text_of("markdown", recorded_report(folder))),
            turn=self.turn,
        )
        return context

    async def doctor(self, host: str) -> None:
        """Check the way to `host`, '' for none, and show what is found."""
        from tai.frontends.doctor import tell  # noqa: PLC0415 - few conversations need it

        await tell(replace(self._flags, host=host or None), self._console, self._chosen)

    async def turn(self, who: str, name: str) -> str:
        """Let another answer, once it was reached; says who does. Raises InputError or ModelError, and then nothing has changed."""
        context = self._context
        if context is None:
            raise InputError("the prompt is not ready yet")
        chosen = turned(self._chosen, self._configured, who, name)
        now = context.investigation.who
        if chosen.engine == "vllm":
            self._activity.say(f"asking {chosen.model_url} what it serves")
        try:
            engine = await answering(chosen)
        except ModelError as error:
            raise ModelError(f"{str(error).rstrip('.')}. Still answering: {now}.") from None
        finally:
            self._activity.end()
        await context.investigation.use_engine(engine)
        self._chosen = chosen
        if engine is None:
            return "The deterministic engine answers from now on; no model is asked."
        key = self._configured.model_key.get_secret_value() or self._configured.model_key_file
        withheld = bool(key) and not same_server(chosen.model_url, self._configured)
        return (
            f"{context.investigation.who} at {chosen.model_url} answers from now on. The evidence goes there with the next question."
            + (" The API key of the settings is not sent there: it is another server's." if withheld else "")
        )

    async def resume(self, folder: Path) -> None:
        """End the session at hand and go on with the one in `folder`. Raises InputError, and then nothing has changed."""
        context = self._context
        if context is None:
            raise InputError("the prompt is not ready yet")
        before, bus, leave = context.investigation, self._bus, self._leave[-1]
        context.investigation = self._begun(folder)
        context.ticket, context.waiting = "", False
        await before.close()
        if bus is not None:
            bus.emit(_left())
        self._leave.remove(leave)
        leave()
        self._show_where_it_stood(context)

    def _begun(self, folder: Path | None) -> Investigation:
        """A new session, or the one in `folder`."""
        from tai.frontends.approve import Approval  # noqa: PLC0415 - see opening

        renderer = self._renderer
        assert renderer is not None, "opening comes first"  # noqa: S101 - for the type checker
        if folder is None:
            session, bus, close = new_session(self._chosen, renderer, None)
        else:
            session, bus, close = old_session(
                self._chosen, renderer, folder, flags=self._flags, parts=self._parts
            )
        approval = Approval(self._console)

        async def approve(command: ReadOnlyCommand) -> bool:
            with renderer.held():  # nothing may move on the screen while it asks
                return await approval(command)

        try:
            investigation = build(
                self._flags,
                self._chosen,
                session,
                bus=bus,
                connect=ssh_connect(self._chosen, asking=renderer.held),
                approve=approve,
                parts=self._parts,
                goes_on=folder is not None,
            )
        except BaseException:
            close()
            raise
        for seen in session.observations:
            renderer.learn(seen)
        self._bus = bus
        self._past.append(session)
        self._leave.append(close)
        return investigation

    def _show_where_it_stood(self, context: Context) -> None:
        """What a person needs to go on: which session, the ticket, how much evidence, and the last diagnosis."""
        from tai.commands.views import DiagnosisView, Message, TicketView  # noqa: PLC0415 - see opening

        session = context.investigation.session
        about = f" about {session.target_name}" if session.target_name else ""
        seen, pinned = len(session.observations), len(session.pinned)
        context.show(
            Message(
                f"The session {session.id}{about} goes on, with {seen} {'piece' if seen == 1 else 'pieces'} of evidence"
                + (f" and {pinned} stated {'fact' if pinned == 1 else 'facts'}" if pinned else "")
                + (f". {session.sealed[0].upper()}{session.sealed[1:]}." if session.sealed else ".")
            )
        )
        if session.ticket is not None:
            context.ticket = session.ticket.text
            context.show(TicketView(session.ticket))
        if session.diagnosis is not None:
            sources = {seen.id: seen.source for seen in session.observations}
            context.show(DiagnosisView(session.diagnosis, sources))
        elif session.ticket is not None:
            context.waiting = session.host is None
            context.show(
                Message(
                    "There was no diagnosis yet: /collect looks on, and a question is answered from what is there."
                )
            )

    def close(self) -> None:
        """The session at hand has ended: say so in its record, keep the reports, and let old sessions go."""
        if self._bus is not None:
            with suppress(TaiError):
                self._bus.emit(_left())
        for close in reversed(self._leave):
            close()
        from tai.frontends.run import put_away  # noqa: PLC0415 - when the prompt has gone

        put_away(self._chosen, *self._past)


def _left() -> SessionEnded:
    from tai.events import SessionEnded  # noqa: PLC0415 - not before the prompt stands

    return SessionEnded(exit_code=EXIT_OK)
