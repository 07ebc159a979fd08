"""The time at the head of a log line, as printed and as a value. Pure.

Not a parser of time zones that the line does not name: such a time is naive, and `Stamp.zoned` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

# Enough of English, French, German, Spanish and Italian to read what `LC_TIME` makes of a month; by its first letters.
_MONTHS: Final = {
    **dict.fromkeys(("jan", "ene", "gen"), 1),
    **dict.fromkeys(("feb", "fév", "fev"), 2),
    **dict.fromkeys(("mar", "mär", "mrz"), 3),
    **dict.fromkeys(("apr", "avr", "abr"), 4),
    **dict.fromkeys(("may", "mai", "mag"), 5),
    **dict.fromkeys(("jun", "giu"), 6),
    **dict.fromkeys(("jul", "lug"), 7),
    **dict.fromkeys(("aug", "aoû", "aou", "ago"), 8),
    **dict.fromkeys(("sep", "set"), 9),
    **dict.fromkeys(("oct", "okt", "ott"), 10),
    **dict.fromkeys(("nov",), 11),
    **dict.fromkeys(("dec", "déc", "dez", "dic"), 12),
}
_ISO = re.compile(
    r"\[?(?P<date>\d{4}[-/]\d{2}[-/]\d{2})[T ](?P<time>\d{2}:\d{2}:\d{2})(?:[.,]\d+)?(?P<zone>Z|[+-]\d{2}:?\d{2}| UTC)?"
)
_SYSLOG = re.compile(r"(?P<month>[A-Za-zéûä]{3,5})\.? +(?P<day>\d{1,2}) (?P<time>\d{2}:\d{2}:\d{2})")
_SHORT = re.compile(r"(?P<date>\d{6}) +(?P<time>\d{1,2}:\d{2}:\d{2})")
_SINCE_BOOT = re.compile(r"\[ *(?P<seconds>\d+\.\d+)\]")
# A container's or grep's prefix may stand before the time.
_HEAD: Final = 60
# A leap year knows every date.
_SOME_YEAR: Final = 2024


@dataclass(frozen=True, slots=True)
class Stamp:
    """A line's time. text: as printed; at: as a value, None when only seconds since boot are known.

    zoned: the line named its zone, and `at` is aware; else `at` is the host's own time, whatever its zone.
    """

    text: str
    at: datetime | None
    since_boot: float | None = None
    zoned: bool = False


def stamp_of(line: str, *, year: int) -> Stamp | None:
    """The time in the first part of a line, None when there is none. year: for forms that do not print one."""
    head = line[:_HEAD]
    if found := _ISO.search(head):
        zone = (found["zone"] or "").strip().replace("UTC", "+00:00").replace("Z", "+00:00")
        return _stamp(
            found[0].lstrip("["), f"{found['date'].replace('/', '-')}T{found['time']}{zone}", bool(zone)
        )
    if found := _SYSLOG.search(head):
        month = _MONTHS.get(found["month"][:3].lower())
        if month is None:
            return None
        return _stamp(found[0], f"{year:04}-{month:02}-{int(found['day']):02}T{found['time']}", zoned=False)
    if found := _SHORT.match(head):
        date = found["date"]
        return _stamp(found[0], f"20{date[:2]}-{date[2:4]}-{date[4:]}T{found['time']:0>8}", zoned=False)
    if found := _SINCE_BOOT.match(head):
        return Stamp(found[0], None, since_boot=float(found["seconds"]))
    return None


def seconds_of(line: str) -> float | None:
    """The line's time as seconds from some point that is the same for all lines of a text, None when it tells none.

    Only differences mean something: a form without a year is taken to be of one year, a zone that is not named UTC.
    """
    stamp = stamp_of(line, year=_SOME_YEAR)
    if stamp is None:
        return None
    if stamp.at is None:
        return stamp.since_boot
    at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)
    return at.timestamp()


def _stamp(text: str, iso: str, zoned: bool) -> Stamp | None:  # noqa: FBT001 - named at every call or plain from context
    try:
        return Stamp(text, datetime.fromisoformat(iso), zoned=zoned)
    except ValueError:
        return None
