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
# The year may follow: `Fri Nov 20 14:02:11.123 2026` of Apache, `Fri Nov 20 14:02:11 2026` of dmesg -T.
_SYSLOG = re.compile(
    r"(?P<month>[A-Za-zéûä]{3,5})\.? +(?P<day>\d{1,2}) (?P<time>\d{2}:\d{2}:\d{2})(?:\.\d+)?(?: (?P<year>\d{4})\b)?"
)
# `20/Nov/2026:14:02:11 +0000` of web servers' access logs, `20 Nov 2026 14:02:11.123` of Redis, `20-Nov-2026 14:02:11` of PHP, BIND.
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})[ /-](?P<month>[A-Za-z]{3})[ /-](?P<year>\d{4})[ :](?P<time>\d{2}:\d{2}:\d{2})(?:\.\d+)?(?: (?P<zone>[+-]\d{4}))?"
)
# `E1120 14:02:11.123456` of Kubernetes.
_KLOG = re.compile(r"(?:^|\s)[IWEF](?P<month>\d{2})(?P<day>\d{2}) (?P<time>\d{2}:\d{2}:\d{2})\.\d+")
# Seconds since 1970: audit records, squid, unbound and `journalctl -o short-unix`; microseconds in journal JSON.
_EPOCH = re.compile(
    r"(?:audit\(|^\[?)(?P<seconds>1\d{9})(?:\.\d{1,6})?(?=[:\]) ])|\"__REALTIME_TIMESTAMP\" ?: ?\"(?P<micros>1\d{15})\""
)
# Fields of a journal entry stand in any order.
_ENTRY: Final = 400
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


def stamp_of(line: str, *, year: int) -> Stamp | None:  # noqa: PLR0911 - one return for each form
    """The time in the first part of a line, None when there is none. year: for forms that do not print one."""
    head = line[:_HEAD]
    if ":" not in head and "1" not in head and "[" not in head:
        return None  # no form does without; most lines of tables and files end here
    if found := _ISO.search(head):
        zone = (found["zone"] or "").strip().replace("UTC", "+00:00").replace("Z", "+00:00")
        return _stamp(
            found[0].lstrip("["), f"{found['date'].replace('/', '-')}T{found['time']}{zone}", bool(zone)
        )
    if (found := _SYSLOG.search(head)) and (month := _MONTHS.get(found["month"][:3].lower())):
        own = int(found["year"] or year)
        return _stamp(found[0], f"{own:04}-{month:02}-{int(found['day']):02}T{found['time']}", zoned=False)
    if found := _DAY_FIRST.search(head):
        month = _MONTHS.get(found["month"].lower())
        zone = found["zone"] or ""
        day = f"{found['year']}-{month or 0:02}-{int(found['day']):02}"
        return _stamp(found[0], f"{day}T{found['time']}{zone}", bool(zone))
    if found := _EPOCH.search(line[:_ENTRY] if line.startswith("{") else head):
        seconds = int(found["seconds"] or found["micros"][:10])
        return Stamp(found[0].strip('"['), datetime.fromtimestamp(seconds, UTC), zoned=True)
    if found := _KLOG.search(head):
        date = f"{year:04}-{found['month']}-{found['day']}"
        return _stamp(found[0].strip(), f"{date}T{found['time']}", zoned=False)
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
