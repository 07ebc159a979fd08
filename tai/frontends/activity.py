"""What moves: the line that says what is being waited for, above it a draft, below it what is typed meanwhile. Gone without a
trace when the wait is over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.text import Text

from tai.frontends.console import moves

if TYPE_CHECKING:  # imported with the first wait, not before a prompt stands
    from rich.live import Live
    from rich.spinner import Spinner

# Four a second is alive to the eye and 40 bytes a time to a slow link.
_REFRESH_PER_S = 4
# Lines of a draft: enough to follow, few enough to leave what was printed before in view.
_MOST_ABOVE = 16


class Below(Protocol):
    """What stands under the line, such as `tai.frontends.ahead`."""

    def lines(self, width: int) -> Sequence[Text]:
        """Of one screen line each, sanitised; none when there is nothing to show."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Keys are left to somebody else inside the block."""
        ...


class Activity:
    """A status line below what is printed, on terminals that can; elsewhere nothing.

    The console's own prints appear above it. `end` must be called, or the cursor stays hidden; it may be called twice.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.moves = moves(console)
        self._spinner: Spinner | None = None
        self._text = ""
        self._above: list[RenderableType] = []
        self._below: Below | None = None
        self._since = 0.0
        self._live: Live | None = None
        self._held = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep still inside the block: a question is on the terminal, and what is typed there must not be drawn over."""
        self._held += 1
        self._settle()
        try:
            with self._below.held() if self._below else nullcontext():
                yield
        finally:
            self._held -= 1
            self._settle()

    @contextmanager
    def above(self, below: Below) -> Iterator[None]:
        """Inside the block `below` stands under the line, and stays when nothing is waited for. It ends with all the rest."""
        self._below = below
        try:
            yield
        finally:
            self._below = None
            self.end()

    def say(self, text: str, above: Sequence[RenderableType] = ()) -> None:
        """Wait for something: `text`, sanitised and of one line. The clock beside it starts with the first.

        above: what is shown over it as long as it is waited for, sanitised; of more than fits, the end.
        """
        if not self._text:
            self._since = time.monotonic()
        self._text = text
        self._above = list(above)
        self._settle()

    def refresh(self) -> None:
        """Draw at once: what stands below has changed, and the eye waits for it."""
        self._settle()
        if self._live is not None:
            self._live.refresh()

    def end(self) -> None:
        """Nothing is waited for any more: take the line away, and give the cursor back unless something is being typed."""
        self._text = ""
        self._above = []
        self.refresh()

    def _settle(self) -> None:
        """Begin or end to move, as there is something to show."""
        wanted = self.moves and not self._held and bool(self._text or self._under())
        if wanted and self._live is None:
            from rich.live import Live  # noqa: PLC0415 - see above

            self._live = Live(
                console=self._console,
                get_renderable=self._shown,
                refresh_per_second=_REFRESH_PER_S,
                transient=True,
                redirect_stdout=False,  # tai prints through consoles only; a replaced sys.stdout is a surprise
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
        elif not wanted and self._live is not None:
            self._live.stop()
            self._live = None

    def _under(self) -> Sequence[Text]:
        return self._below.lines(max(self._console.width - 1, 1)) if self._below else ()

    def _shown(self) -> RenderableType:
        under = self._under()
        # More than a screen would scroll, and what has scrolled off cannot be taken away again.
        room = max(min(self._console.height - 4 - len(under), _MOST_ABOVE), 0)
        options = self._console.options
        lines = [
            line for each in self._above for line in self._console.render_lines(each, options, pad=False)
        ]
        kept = (
            [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines[-room:]]
            if room
            else []
        )
        return Group(*kept, *([self._line()] if self._text else []), *under)

    def _line(self) -> Text:
        from tai.frontends.lines import FAINT  # noqa: PLC0415 - see above

        if self._spinner is None:
            from rich.spinner import Spinner  # noqa: PLC0415 - see above

            self._spinner = Spinner("dots" if self._console.encoding.startswith("utf") else "line")
        frame = self._spinner.render(self._console.get_time())
        waited = time.monotonic() - self._since
        clock = f"  {waited:.0f} s" if waited >= 1 else ""
        line = Text.assemble(frame if isinstance(frame, Text) else "", " ", self._text, (clock, FAINT))
        line.truncate(max(self._console.width - 1, 1), overflow="ellipsis")
        return line
