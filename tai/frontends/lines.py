"""The shapes that every screen is made of: a hanging line, a heading, a size, a duration. Not any screen itself.

`shown` is the one gate through which text of a host, a ticket or a model becomes something to print. The engine has
sanitised it long before; the gate does it again, because a terminal must not depend on that.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tai.model import NOT_IN_REPORT, Observation, Outcome, Severity
from tai.text.sanitise import sanitise

FAINT = "dim"
STRONG = "bold"
WARN = "yellow"
BAD = "bold red"
GOOD = "green"
REF = "cyan"

SEVERITY: dict[Severity, str] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}

# Narrower than this, a hanging indent leaves no room to read; the lead then gets a line of its own.
_LEAST_ROOM = 24


def shown(text: str, style: str = "") -> Text:
    """`text` as it may be printed: control characters visible, brackets literal, no links. Line feeds stay."""
    return Text(sanitise(text), style=style)


def one_line(text: str, style: str = "") -> Text:
    """The same on a single line: line feeds and tabs become spaces."""
    return Text(" ".join(sanitise(text).split()), style=style)


def cut(text: str, most: int) -> str:
    """`text`, or its first `most` characters and how many follow: one line of a host can be a megabyte of JSON."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def command_line(argv: Sequence[str]) -> str:
    """An argv as a person may paste it into a shell."""
    return shlex.join(argv)


class Hanging:
    """`lead` and beside it `body`, whose further lines stay in their own column. Whole and unbroken in a pipe."""

    def __init__(self, lead: Text, body: Text) -> None:
        self.lead = lead
        self.body = body

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.no_wrap:
            yield Text.assemble(self.lead, self.body)
            return
        indent = self.lead.cell_len
        if options.max_width - indent < _LEAST_ROOM:
            yield self.lead
            indent = min(2, indent)
            rest = iter(self._wrapped(console, options, indent))
        else:
            rest = iter(self._wrapped(console, options, indent))
            yield Text.assemble(self.lead, next(rest))
        for line in rest:
            yield Text.assemble(" " * indent, line)

    def _wrapped(self, console: Console, options: ConsoleOptions, indent: int) -> Iterator[Text]:
        for line in self.body.wrap(console, max(options.max_width - indent, 1), overflow="fold"):
            line.rstrip()
            yield line


def heading(title: str) -> Text:
    """A section's title, with the blank line before it."""
    return Text(f"\n{title}", style=STRONG)


def hang(lead: str, body: Text | str, style: str = "", lead_style: str = "") -> Hanging:
    """A `Hanging` of tai's own words as lead; a `str` body passes the gate, a `Text` has passed it."""
    return Hanging(Text(lead, style=lead_style), body if isinstance(body, Text) else shown(body, style))


def size(count: int) -> str:
    """Bytes in words, in powers of ten: `184 KB`."""
    if count < 1000:
        return f"{count} B"
    amount, unit = count / 1000, "KB"
    for larger in ("MB", "GB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def seconds(duration_s: float) -> str:
    """A duration in words: `0.31 s`, `12.4 s`, `3 min 05 s`."""
    if duration_s < 9.995:
        return f"{duration_s:.2f} s"
    if duration_s < 99.95:
        return f"{duration_s:.1f} s"
    minutes, rest = divmod(round(duration_s), 60)
    return f"{minutes} min {rest:02d} s"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 command`, `2 commands`, `1,204 lines`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def outcome_word(seen: Observation) -> str:
    """`no_permission` as people say it; a sosreport lacks no tool, it was not asked."""
    if seen.outcome is Outcome.MISSING_TOOL and seen.reason.startswith(NOT_IN_REPORT):
        return "not in it"
    return seen.outcome.value.replace("_", " ")
