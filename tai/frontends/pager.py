"""`/show N` on a terminal: a pager over one observation, with the keys of less and vi. Full screen, gone without a trace.

Not what it shows: `pages` makes the lines of each view. Where nothing may move, and for what fits on the screen, `views` prints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, UIContent, UIControl, Window
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from tai.commands.views import Form
from tai.frontends.pages import FORMS, Line

_STYLE = Style.from_dict(
    {
        "number": "ansibrightblack",
        "cited": "bold ansicyan",
        "hit": "reverse",
        "bar": "reverse",
    }
)
_HELP = "j/k d/u g/G move  / n N search  w wrap  1 raw 2 parsed 3 condensed  q back"


class Pager:
    """title: the first words of the bar. pages: the lines of a form. form, line: what it opens with; line from 1."""

    def __init__(
        self, title: str, pages: Callable[[Form], Sequence[Line]], *, form: Form = "raw", line: int = 1
    ) -> None:
        self._title = title
        self._pages = pages
        self._form: Form = form
        self._lines = pages(form)
        self._top = 0
        self._wrap = False
        self._typed: str | None = None
        self._sought = ""
        self._said = ""
        self._app: Application[None] = Application(
            layout=Layout(
                HSplit(
                    [
                        Window(_Body(self._window)),
                        Window(FormattedTextControl(self._bar), height=1, style="class:bar"),
                    ]
                )
            ),
            key_bindings=self._keys(),
            full_screen=True,
            style=_STYLE,
        )
        self._app.ttimeoutlen = 0.1
        self._to_number(line)

    async def show(self) -> None:
        """Until the user leaves it. The screen is as before then."""
        await self._app.run_async()

    # ------------------------------------------------------------ what stands there

    @property
    def _room(self) -> int:
        return max(self._app.output.get_size().rows - 1, 1)

    def _window(self, width: int, height: int) -> list[StyleAndTextTuples]:
        """The rows from the topmost line on."""
        rows: list[StyleAndTextTuples] = []
        figures = len(str(self._lines[-1].number)) if self._lines else 1
        for line in self._lines[self._top :]:
            if len(rows) >= height:
                break
            lead = f"{'>' if line.cited else ' '}{line.number or '':>{figures}} "
            style = "class:cited" if line.cited else ""
            room = max(width - len(lead), 1)
            pieces = _broken(line.text, room) if self._wrap else [_cut(line.text, room)]
            for n, piece in enumerate(pieces):
                before = lead if n == 0 else " " * len(lead)
                rows.append([("class:number", before), *self._marked(piece, style)])
        return rows[:height]

    def _marked(self, text: str, style: str) -> StyleAndTextTuples:
        if not self._sought:
            return [(style, text)]
        parts: StyleAndTextTuples = []
        low, sought, at = text.lower(), self._sought.lower(), 0
        # Where lower case has another length than the text, positions would lie.
        if len(low) != len(text):
            return [(style, text)]
        while (found := low.find(sought, at)) >= 0:
            parts += [(style, text[at:found]), ("class:hit", text[found : found + len(sought)])]
            at = found + len(sought)
        return [*parts, (style, text[at:])]

    def _bar(self) -> StyleAndTextTuples:
        if self._typed is not None:
            return [("", f"/{self._typed}")]
        width = self._app.output.get_size().columns
        last = min(self._top + self._room, len(self._lines))
        where = f"{self._title} · {self._form} · {min(self._top + 1, last)}-{last} of {len(self._lines)}"
        return [("", _cut(" · ".join(part for part in (where, self._said or _HELP) if part), width))]

    # ------------------------------------------------------------ moving

    def _to(self, top: int) -> None:
        self._top = max(0, min(top, len(self._lines) - (1 if self._wrap else self._room)))

    def _to_number(self, number: int) -> None:
        self._to(next((n for n, line in enumerate(self._lines) if line.number >= number), 0))

    def _turn(self, view: Form) -> None:
        """Another view of the same, with the same line on top as far as it has one."""
        here = self._lines[self._top].number if self._lines else 1
        self._form, self._lines, self._said = view, self._pages(view), ""
        self._to_number(here)

    def _seek(self, step: int) -> None:
        """To the next line (step 1) or the one before (-1) with what is sought, round the end."""
        if not self._sought or not self._lines:
            return
        sought, count = self._sought.lower(), len(self._lines)
        for far in range(1, count + 1):
            at = (self._top + step * far) % count
            if sought in self._lines[at].text.lower():
                self._top, self._said = at, ""
                return
        self._said = f"no line has {self._sought!r}"

    # ------------------------------------------------------------ keys

    def _keys(self) -> KeyBindings:  # noqa: PLR0915 - one small function for each key
        keys = KeyBindings()

        def move(*names: str, by: Callable[[], int]) -> None:
            for name in names:

                @keys.add(name)
                def _move(event: KeyPressEvent) -> None:
                    if self._typed is not None:
                        self._type(event.data)
                        return
                    self._said = ""
                    self._to(self._top + by())

        move("j", "down", "e", by=lambda: 1)
        move("k", "up", "y", by=lambda: -1)
        move("d", "c-d", by=lambda: self._room // 2)
        move("u", "c-u", by=lambda: -(self._room // 2))
        move("space", "f", "pagedown", "c-f", by=lambda: self._room)
        move("b", "pageup", "c-b", by=lambda: -self._room)
        move("g", "home", by=lambda: -len(self._lines))
        move("G", "end", by=lambda: len(self._lines))

        def act(name: str, do: Callable[[], None]) -> None:
            @keys.add(name)
            def _act(event: KeyPressEvent) -> None:
                if self._typed is not None:
                    self._type(event.data)
                else:
                    do()

        def wrap() -> None:
            self._wrap = not self._wrap

        def search() -> None:
            self._typed = ""

        act("w", wrap)
        act("/", search)
        act("n", lambda: self._seek(1))
        act("N", lambda: self._seek(-1))
        act("q", self._leave)
        for figure, view in zip("123", FORMS, strict=True):
            act(figure, lambda view=view: self._turn(view))  # type: ignore[misc]
        act("tab", lambda: self._turn(FORMS[(FORMS.index(self._form) + 1) % len(FORMS)]))

        @keys.add("c-c")
        def _interrupt(event: KeyPressEvent) -> None:
            del event
            self._leave()

        @keys.add("escape")
        def _escape(event: KeyPressEvent) -> None:
            del event
            self._typed = None

        @keys.add("backspace")
        def _rub_out(event: KeyPressEvent) -> None:
            del event
            self._typed = self._typed[:-1] if self._typed else None

        @keys.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            del event
            if self._typed is None:
                self._to(self._top + 1)
                return
            self._sought, self._typed = self._typed or self._sought, None
            self._top -= 1  # the line on top counts too
            self._seek(1)
            self._top = max(self._top, 0)

        @keys.add(Keys.Any)
        def _any(event: KeyPressEvent) -> None:
            if self._typed is not None:
                self._type(event.data)

        return keys

    def _type(self, data: str) -> None:
        self._typed = (self._typed or "") + "".join(char for char in data if char.isprintable())

    def _leave(self) -> None:
        if not self._app.is_done:
            self._app.exit()


class _Body(UIControl):
    """Draws the rows that fit, and only those: an output of a million lines costs what a screen costs."""

    def __init__(self, rows: Callable[[int, int], list[StyleAndTextTuples]]) -> None:
        self._rows = rows

    def create_content(self, width: int, height: int) -> UIContent:
        rows = self._rows(width, height)
        return UIContent(
            get_line=lambda n: rows[n] if n < len(rows) else [],
            line_count=max(len(rows), 1),
            cursor_position=Point(0, 0),
            show_cursor=False,
        )


def _cut(text: str, width: int) -> str:
    # No column is narrower than nothing: four characters a column are more than any line that fits.
    head = text[: 4 * width]
    if len(head) == len(text) and get_cwidth(text) <= width:
        return text
    while get_cwidth(head) > width - 1:
        head = head[: max(len(head) - max((get_cwidth(head) - width + 1) // 2, 1), 0)]
    return f"{head}…"


def _broken(text: str, width: int) -> list[str]:
    pieces, piece, taken = [], "", 0
    for char in text:
        columns = get_cwidth(char)
        if taken + columns > width and piece:
            pieces.append(piece)
            piece, taken = "", 0
        piece += char
        taken += columns
    return [*pieces, piece]
