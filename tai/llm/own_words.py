"""Whose words a finding rests on: its line, or what that line says, stands in a unit's own journal. Pure.

A program logs by its own name, `python3` or `java`, and a ticket speaks of the unit. What was read as the journal of that
unit ties the two, whichever of the readings a finding cites. A server and its client both tell of one refusal, each in its
own journal: what stands behind the level is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tai.model import Finding, Observation
from tai.parsers.speaker import message_of

# Shorter messages ("killed", "exit 1") stand in any journal.
_TELLING = 16
_LEVEL = re.compile(r"\b(?:FATAL|ERROR|PANIC|CRITICAL|error|fatal)\b\]?:?\s+")


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


def voices(finding: Finding, observations: Sequence[Observation]) -> frozenset[str]:
    """The units in whose own journal or status what the finding cites is told, without `.service`."""
    told = {told for cited in finding.cited if len(told := _told(cited.text)) >= _TELLING}
    return frozenset(
        unit
        for seen in observations
        if (unit := _own_unit(seen.argv)) and any(each in seen.text for each in told)
    )


def jobs(observations: Sequence[Observation]) -> frozenset[str]:
    """The units that run to their end and serve nobody (`Type=oneshot`), without `.service`, as `systemctl show` tells."""
    found: set[str] = set()
    for seen in observations:
        if seen.argv[:2] == ("systemctl", "show"):
            for block in re.split(r"\n\s*\n", seen.text):
                name = re.search(r"^Id=(\S+)\.service$", block, re.MULTILINE)
                if name and re.search(r"^Type=oneshot$", block, re.MULTILINE):
                    found.add(name[1])
    return frozenset(found)


def _told(line: str) -> str:
    """The message without what its program puts before it: `... shop@shop FATAL:  no such role` is `no such role`."""
    return _LEVEL.split(message_of(line))[-1].strip()


def _own_unit(argv: Sequence[str]) -> str:
    """The one unit that a journal or status is about, '' when it is about several or none."""
    if not argv or argv[0] not in {"journalctl", "systemctl"}:
        return ""
    if argv[0] == "systemctl" and "status" not in argv:
        return ""
    named = {word.removeprefix("--unit=") for word in argv[1:] if word.startswith("--unit=")}
    named |= {after for word, after in pairwise(argv) if word in {"-u", "--unit"}}
    if argv[0] == "systemctl":
        named |= {word for word in argv[2:] if word.endswith(".service")}
    return named.pop().removesuffix(".service") if len(named) == 1 else ""


def _is_about(unit: str, argv: Sequence[str]) -> bool:
    """A ticket says `gateway`, a command line `gateway.service`."""
    if not argv or argv[0] not in {"journalctl", "systemctl"}:
        return False
    named = {word.removeprefix("--unit=").removesuffix(".service") for word in argv[1:]}
    return unit.removesuffix(".service") in named
