"""Puts the conversation together: the prompt first, and the investigation behind it while the user reads it.

Counterpart of `tai.frontends.run`, which does the same for one-shot commands.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tai import __version__
from tai.frontends.assembly import build, new_session
from tai.frontends.console import open_console
from tai.frontends.engines import engine_name
from tai.frontends.flags import Flags
from tai.frontends.login import ssh_connect
from tai.frontends.repl import Repl
from tai.settings import Settings

if TYPE_CHECKING:
    from tai.commands import Context
    from tai.commands.views import View
    from tai.policy import ReadOnlyCommand


def converse(flags: Flags, chosen: Settings) -> int:
    """Talk until the user leaves; the exit status."""
    console = open_console(sys.stdout)
    leave: list[Callable[[], None]] = []

    def opening(show: Callable[[View], None]) -> Context:
        from tai.commands import Context  # noqa: PLC0415 - while the prompt is on the screen already
        from tai.frontends.approve import Approval  # noqa: PLC0415
        from tai.frontends.render import Renderer  # noqa: PLC0415

        renderer = Renderer(console, verbose=flags.verbose, interactive=True)
        session, bus, close_record = new_session(chosen, renderer, None)
        leave.extend((renderer.close, close_record))

        approval = Approval(console)

        async def approve(command: ReadOnlyCommand) -> bool:
            renderer.close()  # nothing may move on the screen while it asks
            return await approval(command)

        connect = ssh_connect(chosen, asking=renderer.held)
        investigation = build(flags, chosen, session, bus=bus, connect=connect, approve=approve)
        return Context(investigation=investigation, catalog=investigation.catalog, show=show)

    repl = Repl(
        console,
        opening,
        greeting=f"tai {__version__} · read-only · {engine_name(chosen)} engine",
        engine=engine_name(chosen),
        history=chosen.state_dir / "history",
    )
    try:
        return asyncio.run(repl.run())
    finally:
        for close in leave:
            close()
