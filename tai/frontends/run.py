"""Runs one investigation from a command line, with its sinks and signals, and gives the exit status.

Many hosts at once are `tai.frontends.fleet`; the prompt is `tai.frontends.conversation`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tai.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    HostError,
    TaiError,
)
from tai.frontends.assembly import Parts, build, load_parts, new_session
from tai.frontends.flags import Flags
from tai.frontends.head_start import HeadStart
from tai.frontends.login import debug_ssh, ssh_connect
from tai.settings import Settings
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.bus import Bus, Sink
    from tai.engine.gather import Connect
    from tai.engine.investigate import Investigation
    from tai.engine.session import Session
    from tai.model import Window

Work = Callable[["Investigation"], Awaitable[None]]
"""What a command does with its investigation."""


def run(
    flags: Flags,
    chosen: Settings,
    work: Work,
    *,
    target: Target | None,
    connect: Connect | None = None,
    window: Window | None = None,
) -> int:
    """Do `work` on a new investigation and return the exit status.

    target: the host, None for the one that the ticket names. connect: in place of SSH's own, for the demo.
    """
    from tai.frontends.console import open_console  # noqa: PLC0415 - after the flags were found good
    from tai.frontends.jsonl import JsonLines  # noqa: PLC0415
    from tai.frontends.output import Outputs  # noqa: PLC0415
    from tai.frontends.render import Renderer  # noqa: PLC0415

    outputs = Outputs.of(flags)
    if flags.debug:
        debug_ssh()
    verbose = flags.verbose or flags.show_plan
    renderer = Renderer(
        open_console(sys.stdout, plain=chosen.plain),
        talk=open_console(sys.stderr, plain=chosen.plain),
        verbose=verbose,
    )
    sink: Sink = JsonLines(sys.stdout) if flags.as_json else renderer
    session, bus, close_record = new_session(chosen, sink, target)
    try:
        return asyncio.run(
            _main(
                flags,
                chosen,
                work,
                session,
                bus,
                connect or ssh_connect(chosen, asking=renderer.held),
                window,
            )
        )
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except HostError:
        if flags.as_json:
            raise
        return HostError.exit_code  # the renderer has told it in full
    finally:
        renderer.close()
        close_record()
        if session.target or session.observations:
            outputs.for_host(session.target_name).write(session.folder)
        put_away(chosen, session)


def put_away(chosen: Settings, *sessions: Session) -> None:
    """What follows when sessions are over: each keeps its report, and old ones go as the settings say."""
    from tai.frontends.output import keep  # noqa: PLC0415 - after the flags were found good
    from tai.frontends.sessions import prune  # noqa: PLC0415

    for session in sessions:
        if session.diagnosis is not None:
            keep(session.folder)
    prune(chosen, keep=sessions[-1].id if sessions else "")


async def _main(  # noqa: PLR0917 - one call from `run`
    flags: Flags,
    chosen: Settings,
    work: Work,
    session: Session,
    bus: Bus,
    connect: Connect,
    window: Window | None,
) -> int:
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A closed terminal or a kill must stop the remote commands as Ctrl-C does.
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
    start = None if flags.no_host or session.target is None else HeadStart(connect, session.target)
    try:
        # What takes time and no network (catalogue, templates, engine) is loaded while the login is under way.
        parts = await asyncio.to_thread(load_parts, chosen)
        return await investigate(
            flags, chosen, work, session, bus, connect=start or connect, parts=parts, window=window
        )
    except asyncio.CancelledError:
        sys.stderr.write(f"tai: interrupted; what was collected is in {session.folder}\n")
        return EXIT_INTERRUPTED
    finally:
        if start is not None:
            await start.close()


async def investigate(
    flags: Flags,
    chosen: Settings,
    work: Work,
    session: Session,
    bus: Bus,
    *,
    connect: Connect,
    parts: Parts,
    window: Window | None,
) -> int:
    """Do `work` on a new investigation, tell how it ended, and return the exit status. Raises TaiError and CancelledError."""
    from tai.events import SessionEnded  # noqa: PLC0415 - not for --help

    investigation = build(flags, chosen, session, bus=bus, connect=connect, parts=parts, window=window)
    status, error = EXIT_INTERNAL, ""
    try:
        await work(investigation)
        status = _status(session, asked=not (flags.show_plan or flags.show_prompt))
    except asyncio.CancelledError:
        status, error = EXIT_INTERRUPTED, "interrupted"
        raise
    except TaiError as raised:
        status, error = raised.exit_code, str(raised)
        raise
    finally:
        with suppress(asyncio.CancelledError):
            await investigation.close()
        bus.emit(SessionEnded(exit_code=status, error=error))
    return status


def _status(session: Session, *, asked: bool) -> int:
    if asked and session.diagnosis is not None and session.diagnosis.outcome == "inconclusive":
        return EXIT_INCONCLUSIVE
    return EXIT_OK
