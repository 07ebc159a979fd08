"""What a slash command may touch: the investigation, the catalogue of collectors, and a place to show things.

Not a session: the evidence and the diagnosis live in `tai.engine.session`. This is the little that belongs to the
conversation around it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tai.commands.views import View
from tai.errors import InputError

if TYPE_CHECKING:  # the engine is imported when the first ticket needs it, not before the prompt is drawn
    from tai.catalog import Catalog
    from tai.engine.investigate import Investigation
    from tai.record import Shelf


@dataclass
class Talk:
    """How much is told while work runs. verbose: all that commands print too."""

    verbose: bool = False


class Told(Protocol):
    """Whoever tells what happens, as far as a command may change it."""

    verbose: bool


@dataclass
class Context:
    """One per conversation.

    show: draws a view at once. doctor: checks the way to the host of that name, '' for none, and shows what it finds.
    talk: who tells what happens, the renderer at a terminal. ticket: the last one as it was typed, for a host that is named after it.
    waiting: no host has been looked at for that ticket yet. leaving: the user wants to go.
    shelf: the user's sessions. resume: ends the session at hand and goes on with the one in a folder. save: writes the report of
    a session's folder to a file, copy: to the clipboard; both say what they did, and raise InputError.
    turn: lets another answer, as `/model` is told who and which; says who does, and raises what keeps the one before.
    """

    investigation: Investigation
    catalog: Catalog
    show: Callable[[View], None]
    doctor: Callable[[str], Awaitable[None]]
    ticket: str = ""
    waiting: bool = False
    talk: Told = field(default_factory=Talk)
    leaving: bool = False
    shelf: Shelf | None = None
    resume: Callable[[Path], Awaitable[None]] | None = None
    save: Callable[[Path, Path], str] | None = None
    copy: Callable[[Path], str] | None = None
    turn: Callable[[str, str], Awaitable[str]] | None = None

    async def diagnose(self, ticket: str) -> None:
        """Look into `ticket`. When no host can be looked at, it waits for one. Raises what the investigation raises."""
        self.ticket = ticket
        session = self.investigation.session
        try:
            await self.investigation.diagnose(ticket)
        except InputError as error:
            if session.target_name:
                raise
            raise InputError(f"{error}; the ticket is kept") from None
        finally:
            self.waiting = session.host is None and session.diagnosis is None
