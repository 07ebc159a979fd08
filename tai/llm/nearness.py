"""How near a finding lies to the time that the ticket is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Final

from tai.model import Finding, Observation, Window
from tai.parsers.timestamps import Stamp, stamp_of

_IN_WINDOW: Final = 2.0
_LONG_BEFORE: Final = -4.0
# What precedes the complaint by this much may still cause it; what lies a day off is another story.
_LEAD: Final = timedelta(hours=1)
_FAR: Final = timedelta(hours=24)
# How far back a ticket without a time may mean.
_RECENT: Final = timedelta(hours=24)
# Only lines that print their year are compared without a window.
_ANY_YEAR: Final = 2024
# A time without a zone may be off by the widest zone there is.
_ZONES: Final = timedelta(hours=14)
# People paste what they think belongs together, over some days; what lies further back in it is another story.
_POSTED_FAR: Final = timedelta(days=3)
_ENDS: Final = 5


def newest(observations: Sequence[Observation], *, alone: bool) -> Window:
    """A window round the newest line: without a time in the ticket, it is about now.

    alone: only what people posted is there. Its times count then, with or without a zone, and it may reach further back.
    """
    lines = [
        line
        for seen in observations
        if seen.text and bool(seen.argv) is not alone
        for line in (*seen.lines[:_ENDS], *seen.lines[-_ENDS:])
    ]
    stamps = [stamp for line in lines if (stamp := stamp_of(line, year=_ANY_YEAR)) is not None]
    times = [
        stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)
        for stamp in stamps
        if stamp.at is not None and (stamp.zoned or alone)
    ]
    return Window(since=max(times) - (_POSTED_FAR if alone else _RECENT)) if times else Window()


def nearness(window: Window, finding: Finding) -> float:
    """How the finding's times lie to the ticket's window; 0 when either does not tell."""
    edge = window.since or window.until
    if edge is None:
        return 0.0
    stamps = [stamp for cited in finding.cited if (stamp := stamp_of(cited.text, year=edge.year))]
    distances = [distance for stamp in stamps if (distance := _distance(window, stamp)) is not None]
    if not distances:
        return 0.0
    if min(distances) == timedelta():
        return _IN_WINDOW
    return _LONG_BEFORE if min(distances) > _FAR else 0.0


def _distance(window: Window, stamp: Stamp) -> timedelta | None:
    """How far outside the window (and the hour before it) a time lies; none inside, None when it cannot be said.

    A time without a zone is taken to be in the window's, and the zones' width is allowed for before it counts as far.
    """
    if stamp.at is None:
        return None
    zone = (window.since or window.until or stamp.at).tzinfo
    at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=zone)
    off = timedelta()
    if window.since and at < window.since - _LEAD:
        off = window.since - _LEAD - at
    elif window.until and at > window.until:
        off = at - window.until
    return off if stamp.zoned or not off else max(off - _ZONES, timedelta(seconds=1))
