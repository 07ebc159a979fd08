"""Whether a finding rests on what a unit said itself: its line stands in that unit's own journal. Pure.

A program logs by its own name, `python3` or `java`, and a ticket speaks of the unit. What was read as the journal of that
unit ties the two, whichever of the readings a finding cites.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tai.model import Finding, Observation
from tai.parsers.speaker import message_of

# Shorter messages ("killed", "exit 1") stand in any journal.
_TELLING = 16


def said_by(units: Iterable[str], finding: Finding, observations: Sequence[Observation]) -> str:
    """The first of the units whose journal or status holds a line that the finding cites, '' when there is none."""
    messages = [
        message for cited in finding.cited if len(message := message_of(cited.text).strip()) >= _TELLING
    ]
    for unit in units:
        own = (seen.text for seen in observations if _is_about(unit, seen.argv))
        if messages and any(message in text for text in own for message in messages):
            return unit
    return ""


def _is_about(unit: str, argv: Sequence[str]) -> bool:
    """A ticket says `gateway`, a command line `gateway.service`."""
    if not argv or argv[0] not in {"journalctl", "systemctl"}:
        return False
    named = {word.removeprefix("--unit=").removesuffix(".service") for word in argv[1:]}
    return unit.removesuffix(".service") in named
