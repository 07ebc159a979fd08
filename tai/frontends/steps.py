"""One line for one command that has ended, and for one finding. Not their details: `tai.frontends.views` has those."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tai.engine.condense.kinds import kinds
from tai.frontends.lines import (
    BAD,
    FAINT,
    REF,
    SEVERITY,
    STRONG,
    WARN,
    Hanging,
    command_line,
    cut,
    hang,
    one_line,
    outcome_word,
    seconds,
    shown,
    size,
)
from tai.model import Finding, Observation, Outcome, Pinned

# Of a longer cited line a few screen lines are shown; /show has the rest.
_LONGEST_CITED = 400
# Said by most commands and telling nothing about any.
_NOISE = frozenset({"--no-pager", "--no-ask-password"})
# Characters that are condensed for a line on the screen: some 20 ms of work, and more than nearly every command prints.
_MOST_CONDENSED = 400_000
# Columns of the probe's name: most fit, and the command beside it still gets half of an 80-column line.
PROBE_WIDTH = 20
# Below this width the command gives way; number, probe and outcome stay.
_ROOM_FOR_COMMAND = 72


class StepLine:
    """`#7 journal-unit  nginx.service  0.31 s  184 KB  /show 7`, cut to one line of the terminal.

    In a pipe nothing is cut. An observation that is no answer says what was in the way instead of its size.
    """

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        # E7 is what command 7 brought. An attachment was never sent: it has the name and is no command.
        number = observation.id.removeprefix("E")
        self.number = f"#{number}" if observation.argv else observation.id
        self.show = f"/show {number}" if observation.argv else f"/show {observation.id}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        name = Text.assemble((f"{self.number:>3} ", FAINT), one_line(self.observation.probe, STRONG))
        middle, took, result = self._middle(), self._took(), _result(self.observation)
        show = Text(self.show, style=REF)
        if options.no_wrap:
            yield Text("  ").join(part for part in (name, middle, took, result, show) if part)
            return
        width = options.max_width
        if width < _ROOM_FOR_COMMAND:
            line = Text("  ").join(part for part in (name, took, result) if part)
            line.truncate(width, overflow="ellipsis")
            yield line
            return
        name.truncate(PROBE_WIDTH + 4, overflow="ellipsis", pad=True)
        took.align("right", 8)
        result.align("right", max(6, result.cell_len))
        right = Text("  ").join([took, result, show])
        middle.truncate(max(width - name.cell_len - right.cell_len - 2, 1), overflow="ellipsis", pad=True)
        yield Text(" ").join([name, middle, right])

    def _middle(self) -> Text:
        seen = self.observation
        if not seen.outcome.answered and seen.reason:
            return one_line(seen.reason, WARN)
        return one_line(telling(seen.argv) if seen.argv else seen.label, FAINT)

    def _took(self) -> Text:
        return Text(seconds(self.observation.duration_s) if self.observation.argv else "", style=FAINT)


def telling(argv: Sequence[str]) -> str:
    """The part of a command line that tells it from its like: the unit or the operands, else the command without noise.

    `journalctl --no-pager -u nginx.service -n 5000` is `nginx.service`, `cat -- /etc/fstab` is `/etc/fstab`.
    """
    words = [word for word in argv if word not in _NOISE]
    if "--" in words and words[-1] != "--":
        return command_line(words[words.index("--") + 1 :])
    units: list[str] = []
    if words[:1] == ["journalctl"]:
        units += [unit for flag, unit in pairwise(words) if flag in ("-u", "--unit")]
        units += [word.removeprefix("--unit=") for word in words if word.startswith("--unit=")]
    return command_line(units or words)


def _result(seen: Observation) -> Text:
    match seen.outcome:
        case Outcome.OK | Outcome.UNPARSED:
            cut = (" cut", WARN) if seen.truncated else ""
            return Text.assemble(size(seen.raw_bytes), cut, _condensed(seen))
        case Outcome.EMPTY:
            return Text("empty", style=FAINT)
        case Outcome.INTERRUPTED | Outcome.MISSING_TOOL:
            return Text(outcome_word(seen), style=WARN)
        case _:
            return Text(outcome_word(seen), style=BAD)


def _condensed(seen: Observation) -> str:
    """` → 2.1 KB`: what is left when of lines that differ in numbers only one stays; '' where that changes nothing."""
    if not 0 < len(seen.text) <= _MOST_CONDENSED:
        return ""
    found = kinds(seen.text)
    if len(found) == len(seen.lines):
        return ""
    return f" → {size(sum(len(kind.text.encode('utf-8', 'surrogatepass')) + 1 for kind in found))}"


def finding_line(finding: Finding) -> Hanging:
    """`  high     The filesystem is full: /var  E3:2`."""
    title = one_line(finding.title)
    if finding.subject and finding.subject not in finding.title:
        title = Text.assemble(title, ": ", one_line(finding.subject))
    refs = one_line(" ".join(cited.ref for cited in finding.cited[:3]), REF)
    return hang(
        f"    {finding.severity:<9}", Text.assemble(title, "  ", refs), lead_style=SEVERITY[finding.severity]
    )


def fact_text(fact: Pinned) -> Text:
    """`it is not DNS, we checked  (rules out: dns)`."""
    text = one_line(fact.text)
    if fact.excludes:
        text = Text.assemble(text, "  ", one_line(f"(rules out: {', '.join(fact.excludes)})", FAINT))
    return text


def cited_lines(finding: Finding) -> list[Hanging]:
    """The lines that a finding rests on, each with where it stands."""
    return [
        hang(f"      {cited.ref}  ", shown(cut(cited.text, _LONGEST_CITED)), lead_style=REF)
        for cited in finding.cited
    ]
