"""`tai doctor [HOST]`: what works, what does not, and what to do about it. One line each, on standard output.

Not a repair: it changes nothing here or on the host. `here` looks at this machine and the model server, `host` at the way to
one host and at what it allows; this module puts them in order and prints.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

from rich.console import Console

from tai.errors import EXIT_HOST, EXIT_INTERRUPTED, EXIT_OK, ConfigError
from tai.frontends.console import open_console
from tai.frontends.doctor.here import look_here
from tai.frontends.doctor.host import look_at
from tai.frontends.doctor.line import Line
from tai.frontends.flags import Flags
from tai.frontends.lines import BAD, FAINT, GOOD, WARN, hang, shown
from tai.settings import Settings

_STYLE = {"ok": GOOD, "warn": WARN, "fail": BAD}


def doctor(flags: Flags) -> int:
    """Print each line as it is found. Exit status 0, or 3 when one of them failed."""
    try:
        return asyncio.run(tell(flags, open_console(sys.stdout)))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


async def tell(flags: Flags, console: Console, chosen: Settings | None = None) -> int:
    """Print each line as it is found; the exit status. chosen: the settings that hold, where a conversation has turned from its own."""
    status = EXIT_OK
    async for line in _lines(flags, chosen):
        body = shown(line.detail)
        if line.remedy:
            body.append_text(shown(f"  → {line.remedy}", FAINT))
        console.print(hang(f"{line.verdict:<4}  {line.what:<11}  ", body, lead_style=_STYLE[line.verdict]))
        if line.verdict == "fail":
            status = EXIT_HOST
    return status


async def _lines(flags: Flags, chosen: Settings | None) -> AsyncIterator[Line]:
    try:
        chosen = chosen or flags.settings()
    except ConfigError as error:
        yield Line("fail", "config", str(error), "Correct it; nothing else can be looked at before.")
        return
    async for line in look_here(flags, chosen):
        yield line
    if flags.host:
        async for line in look_at(flags, chosen, flags.target(flags.host)):
            yield line
