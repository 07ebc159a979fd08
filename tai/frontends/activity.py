"""What moves: the line that says what is being waited for, and above it a draft. Gone without a trace when the wait is over."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from tai.frontends.console import moves
from tai.frontends.lines import FAINT

# Four a second is alive to the eye and 40 bytes a time to a slow link.
_REFRESH_PER_S = 4
# Lines of a draft: enough to follow, few enough to leave what was printed before in view.
_MOST_ABOVE = 16


class Activity:
    """A status line below what is printed, on terminals that can; elsewhere nothing.

    The console's own prints appear above it. `end` must be called, or the cursor stays hidden; it may be called twice.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.moves = moves(console)
        self._spinner = Spinner("dots" if console.encoding.startswith("utf") else "line")
        self._text = ""
        self._above: list[RenderableType] = []
        self._since = 0.0
        self._live: Live | None = None
        self._held = 0
        self._wanted = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep still inside the block: a question is on the terminal, and what is typed there must not be drawn over."""
        waiting = self._live is not None
        self.end()
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if waiting or self._wanted:
                self._wanted = False
                self.say(self._text)

    def say(self, text: str, above: Sequence[RenderableType] = ()) -> None:
        """Wait for something: `text`, sanitised and of one line. The clock beside it starts with the first.

        above: what is shown over it as long as it is waited for, sanitised; of more than fits, the end.
        """
        self._text = text
        self._above = list(above)
        if not self.moves or self._live is not None:
            return
        self._since = time.monotonic()
        self._live = Live(
            console=self._console,
            get_renderable=self._shown,
            refresh_per_second=_REFRESH_PER_S,
            transient=True,
            redirect_stdout=False,  # tai prints through consoles only; a replaced sys.stdout is a surprise
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def _shown(self) -> RenderableType:
        # More than a screen would scroll, and what has scrolled off cannot be taken away again.
        room = max(min(self._console.height - 4, _MOST_ABOVE), 0)
        options = self._console.options
        lines = [
            line for each in self._above for line in self._console.render_lines(each, options, pad=False)
        ]
        kept = (
            [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines[-room:]]
            if room
            else []
        )
        return Group(*kept, self._line())

    def _line(self) -> Text:
        frame = self._spinner.render(self._console.get_time())
        waited = time.monotonic() - self._since
        clock = f"  {waited:.0f} s" if waited >= 1 else ""
        line = Text.assemble(frame if isinstance(frame, Text) else "", " ", self._text, (clock, FAINT))
        line.truncate(max(self._console.width - 1, 1), overflow="ellipsis")
        return line

    def end(self) -> None:
        """Take the line away and give the cursor back."""
        self._wanted = False
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._above = []
