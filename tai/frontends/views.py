"""Draws the views of `tai.commands.views`: what a user asked to see again. Not the stream of events: that is `render`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from rich.console import Console, RenderableType
from rich.control import Control
from rich.text import Text

from tai.commands.views import (
    Cleared,
    ContextView,
    DiagnosisView,
    DiffView,
    EvidenceView,
    FindingsView,
    Message,
    ObservationView,
    PlanView,
    TableView,
    TextView,
    TicketView,
    View,
    WindowView,
)
from tai.frontends.console import moves
from tai.frontends.diagnosis import diagnosis
from tai.frontends.lines import (
    BAD,
    FAINT,
    GOOD,
    REF,
    STRONG,
    WARN,
    command_line,
    counted,
    cut,
    hang,
    heading,
    one_line,
    outcome_word,
    seconds,
    shown,
    size,
)
from tai.frontends.pages import pages
from tai.frontends.steps import StepLine, cited_lines, fact_text, finding_line
from tai.model import Finding, Ticket, Window

# A screenful on an 80-column terminal.
_LONGEST_LINE = 2000


def draw(console: Console, view: View) -> None:
    """Print `view`. Only `Cleared` does more: it empties the screen where the terminal has one to empty."""
    if isinstance(view, Cleared) and moves(console):
        console.control(Control.clear(), Control.home())
    for line in _lines(view):
        console.print(line)


def _lines(view: View) -> Iterable[RenderableType]:  # noqa: PLR0911, PLR0912 - one arm for each view
    match view:
        case Message():
            return [shown(view.text, WARN if view.warning else "")]
        case TicketView():
            return ticket_lines(view.ticket)
        case WindowView():
            return [hang("window     ", one_line(_window(view.window)), lead_style=FAINT)]
        case PlanView():
            return _plan(view)
        case EvidenceView():
            return [StepLine(each) for each in view.observations]
        case ObservationView():
            return _observation(view)
        case FindingsView():
            return _findings(view.findings)
        case TextView():
            return [shown(view.text)]
        case DiagnosisView():
            return diagnosis(view.diagnosis, view.sources)
        case TableView():
            return _table(view)
        case ContextView():
            return _context(view)
        case Cleared():
            kept = counted(view.kept, "piece of evidence stays", "pieces of evidence stay")
            return [Text(f"Screen and conversation cleared; {kept}.", style=FAINT)]
        case DiffView():
            return _diff(view)
        case _:
            assert_never(view)


def ticket_lines(ticket: Ticket) -> Iterator[RenderableType]:
    """What the ticket was understood to say, a line for each kind of thing found in it, then what was cut or unclear."""
    subjects = ticket.subjects
    found: list[tuple[str, Sequence[object]]] = [
        ("host", ticket.hosts),
        ("window", [_window(ticket.window)] if ticket.window else []),
        ("units", subjects.units),
        ("processes", subjects.processes),
        ("ports", subjects.ports),
        ("addresses", subjects.addresses),
        ("mounts", subjects.mounts),
        ("paths", ticket.paths),
        ("pasted", [attachment.label for attachment in ticket.attachments]),
    ]
    for name, values in found:
        if values:
            yield hang(f"{name:<11}", one_line(", ".join(str(value) for value in values)), lead_style=FAINT)
    if not any(values for _, values in found):
        yield Text("nothing in the ticket names a host, a time, a unit, a port or a path", style=FAINT)
    for note in ticket.notes:
        yield hang("note       ", note, lead_style=WARN)


def _window(window: Window) -> str:
    since = window.since.isoformat(" ", "minutes") if window.since else "…"
    until = window.until.isoformat(" ", "minutes") if window.until else "…"
    said = f"  (“{window.source}”)" if window.source else ""
    return f"{since} – {until}{said}"


def _plan(view: PlanView) -> Iterator[RenderableType]:
    collector = ""
    for step in view.steps:
        if step.collector != collector:
            collector = step.collector
            yield heading(one_line(collector).plain)
        mark = "✓" if step.n in view.done else " "
        yield hang(f"{mark} #{step.n:<4}", one_line(command_line(step.argv)))
        yield hang("       ", one_line(step.why, FAINT))


def _observation(view: ObservationView) -> Iterator[RenderableType]:
    seen = view.observation
    lines = seen.lines
    yield Text.assemble((f"{seen.id} ", REF), one_line(seen.source, STRONG), "  ", one_line(seen.host, FAINT))
    facts = [
        outcome_word(seen),
        seconds(seen.duration_s),
        size(seen.raw_bytes),
        counted(len(lines), "line"),
    ]
    if seen.exit is not None:
        facts.insert(1, f"exit {seen.exit}")
    if seen.truncated:
        facts.append("cut at the limit")
    if seen.redactions:
        facts.append(counted(sum(seen.redactions.values()), "secret") + " masked")
    yield Text(" · ".join(facts), style=FAINT)
    if seen.reason:
        yield hang("  ", seen.reason, WARN)
    if view.form != "raw":
        for line in pages(seen, view.form, view.cited):
            lead = f"{'>' if line.cited else ' '}{line.number or ''}  "
            yield hang(lead, cut(line.text, _LONGEST_LINE), lead_style=REF if line.cited else FAINT)
        return
    last = min(view.first + view.count - 1, len(lines))
    width = len(str(last))
    for number in range(view.first, last + 1):
        cited = number in view.cited
        mark = ">" if cited else " "
        yield hang(
            f"{mark}{number:>{width}}  ",
            cut(lines[number - 1], _LONGEST_LINE),
            STRONG if cited else "",
            REF if cited else FAINT,
        )
    if view.first > len(lines) > 0:
        yield Text(f"there are {counted(len(lines), 'line')}", style=FAINT)
    elif view.first > 1 or last < len(lines):
        on = f"; /show {seen.id} {last + 1} goes on" if last < len(lines) else ""
        yield Text(f"lines {view.first:,} to {last:,} of {len(lines):,}{on}", style=FAINT)


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for finding in findings:
        yield finding_line(finding)
        yield from cited_lines(finding)
        yield hang("      ", finding.explanation, FAINT)


def _context(view: ContextView) -> Iterator[RenderableType]:
    asked = (
        f"{counted(view.asked, 'question')}, about {counted(view.tokens, 'token')}"
        if view.asked
        else "nothing was asked yet"
    )
    rows = (
        ("host", view.host or "none yet"),
        (
            "evidence",
            f"{counted(view.evidence, 'piece')}, {counted(view.findings, 'finding')}  /show logs  /show findings",
        ),
        ("asked", f"{asked}  /show prompt" if view.asked else asked),
    )
    for name, text in rows:
        yield hang(f"{name:<11}", one_line(text), lead_style=FAINT)
    if view.pinned:
        yield heading("Facts that you have stated (/unpin N takes one back)")
    for number, fact in enumerate(view.pinned, start=1):
        yield hang(f"{number:>2}. ", fact_text(fact))


_CHANGED = {"+": GOOD, "-": BAD, "@": REF}


def _diff(view: DiffView) -> Iterator[RenderableType]:
    before, after = view.before, view.after
    yield Text.assemble((f"{before.id} → {after.id} ", REF), one_line(after.source, STRONG))
    if not view.lines:
        yield Text("nothing changed", style=FAINT)
    for line in view.lines:
        yield shown(cut(line, _LONGEST_LINE), _CHANGED.get(line[:1], FAINT))


def _table(view: TableView) -> Iterator[RenderableType]:
    width = max((len(name) for name, _ in view.rows), default=0)
    # A long usage line must not push every explanation out of an 80-column screen.
    width = min(width, 24)
    yield shown(view.title, FAINT)
    for name, text in view.rows:
        if len(name) > width:
            yield shown(name, STRONG)
            yield hang(" " * (width + 2), text)
        else:
            yield hang(f"{name:<{width}}  ", text, lead_style=STRONG)
