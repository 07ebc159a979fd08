"""Finds the incident's time window in prose: `since 14:05`, `between 02:00 and 02:30 UTC`, `for 2 hours`, ISO times.

Not a calendar for every language: English phrases and numeric dates. A point in time becomes half an hour on both
sides, because a ticket's "at 14:05" is when somebody noticed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from tai.model import Window
from tai.ticket.spelled_times import plain

_NOTICED = timedelta(minutes=30)

# Hours from UTC. A name that is several zones' is that of most people who write it.
_NAMED_ZONES = {
    "UTC": 0.0, "GMT": 0.0, "Z": 0.0, "WET": 0.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "CEST": 2.0, "EET": 2.0, "EEST": 3.0, "MSK": 3.0,
    "IST": 5.5, "JST": 9.0, "AEST": 10.0, "AEDT": 11.0, "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0, "MST": -7.0, "MDT": -6.0,
    "PST": -8.0, "PDT": -7.0,
}  # fmt: skip
_ZONE = rf"(?P<zone{{0}}>\s?(?:(?-i:{'|'.join(sorted(_NAMED_ZONES, key=len, reverse=True))})\b|utc\b|[+-]\d{{{{2}}}}:?\d{{{{2}}}}\b))?"
# Neither begins in a word, an address, a version or a file's line, nor goes on as one.
_FREE, _ENDS = r"(?<![\w.:/-])(?<!line )(?<!ratio )(?<!version )", r"(?![\w:]|\.\d)"
_CLOCK = r"(?P<hour{0}>[01]?\d|2[0-3])(?::|(?<=\d\d)h)(?P<minute{0}>[0-5]\d)(?::(?P<second{0}>[0-5]\d)(?:[.,]\d+)?)?(?P<ampm{0}>\s?[ap]\.?m\b\.?)?"
_DATE = r"(?:(?P<date{0}>\d{{4}}-\d{{2}}-\d{{2}})[T ,]+(?:at\s+)?|(?P<day{0}>today|yesterday|tonight|last night)\s*,?\s*(?:at\s+)?)?"


def _moment(tag: str) -> str:
    free = _FREE if tag == "a" else ""  # the end of a range stands behind its dash
    return free + (_DATE + _CLOCK + _ZONE).format(tag) + _ENDS


_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+{_moment('a')}\s*(?:and|to|until|till|-|–)\s*{_moment('b')}", re.IGNORECASE
)
_RANGE = re.compile(rf"{_moment('a')}\s*(?:-|–|to|until)\s*{_moment('b')}", re.IGNORECASE)
_SINCE = re.compile(
    rf"\b(?:since|starting(?:\s+(?:at|from))?|started(?:\s+(?:at|around))?|after|from)\s+(?:about\s+|around\s+|ca\.?\s+)?{_moment('a')}",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    rf"\b(?:until|till|before|resolved at|recovered at|ended at)\s+(?:about\s+|around\s+)?{_moment('a')}",
    re.IGNORECASE,
)
_POINT = re.compile(_moment("a"), re.IGNORECASE)
_BARE_DATE = re.compile(r"\b(?:since|on|from)\s+(\d{4}-\d{2}-\d{2})\b(?!\s*[T ]\d)", re.IGNORECASE)
_AGO = re.compile(
    r"\b(?:(?:since|for|in|over|within)\s+)?(?:the\s+)?(?:last|past|about|for)?\s*"
    r"(?P<count>\d{1,4}|an?|one|two|three|few|couple of|half an)\s+(?P<unit>min(?:ute)?s?|h(?:ou)?rs?|days?|weeks?)\s+(?P<ago>ago)\b"
    r"|\b(?:for|in|over|within|during)\s+(?:the\s+)?(?:last|past)\s+(?P<count2>\d{1,4}|an?|one|two|three|few|couple of|half an)?\s*"
    r"(?P<unit2>min(?:ute)?s?|h(?:ou)?rs?|days?|weeks?)\b"
    r"|\b(?P<how>for|since)\s+(?:about\s+)?(?P<count3>\d{1,4}|an|one|two|three|half an)\s+(?P<unit3>min(?:ute)?s?|h(?:ou)?rs?|days?)\b(?!\s+ago)",
    re.IGNORECASE,
)
_DAY_ONLY = re.compile(r"\b(?:since|from)\s+(today|yesterday|this morning|last night)\b(?!')", re.IGNORECASE)

_NUMBERS = {
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "two": 2.0,
    "three": 3.0,
    "few": 3.0,
    "couple of": 2.0,
    "half an": 0.5,
}
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def find_window(text: str, *, now: datetime) -> Window:
    """The window that the text names, or an empty one. The first form that fits wins, the most definite first."""
    text = plain(text, now=now)
    for form in (_range, _open_range, _relative, _since_day, _point, _date):
        if window := form(text, now):
            return window
    return Window()


def find_moment(text: str, *, now: datetime) -> datetime | None:
    """One point in time, as in `--since`: `14:05`, `yesterday 22:00 UTC`, `2 hours ago`, `yesterday`, ISO 8601."""
    window = find_window(f"since {text.strip()}", now=now)
    return window.since


def _range(text: str, now: datetime) -> Window:
    for pattern in (_BETWEEN, _RANGE):
        if found := pattern.search(text):
            since = _read(found, "a", now, zone=found["zonea"] or found["zoneb"])
            until = _read(found, "b", now, after=since)
            if since and until:
                return Window(since=since, until=until, source=found[0])
    return Window()


def _open_range(text: str, now: datetime) -> Window:
    since_found, until_found = _SINCE.search(text), _UNTIL.search(text)
    since = _read(since_found, "a", now) if since_found else None
    until = _read(until_found, "a", now, after=since) if until_found else None
    source = ", ".join(found[0] for found in (since_found, until_found) if found)
    return Window(since=since, until=until, source=source)


def _since_day(text: str, now: datetime) -> Window:
    if not (found := _DAY_ONLY.search(text)):
        return Window()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    back = {"yesterday": timedelta(days=1), "last night": timedelta(hours=6)}
    return Window(since=midnight - back.get(found[1].lower(), timedelta()), source=found[0])


def _point(text: str, now: datetime) -> Window:
    if (found := _POINT.search(text)) and (point := _read(found, "a", now)):
        return Window(since=point - _NOTICED, until=point + _NOTICED, source=found[0])
    return Window()


def _date(text: str, now: datetime) -> Window:
    if not (found := _BARE_DATE.search(text)):
        return Window()
    try:
        day = datetime.fromisoformat(found[1]).replace(tzinfo=now.tzinfo)
    except ValueError:
        return Window()
    until = day + timedelta(days=1) if found[0].lower().startswith("on") else None
    return Window(since=day, until=until, source=found[0])


def _relative(text: str, now: datetime) -> Window:
    found = _AGO.search(text)
    # "down for two minutes at 04:00" tells how long, and when.
    if found is None or ((found["how"] or "").lower() == "for" and _POINT.search(text)):
        return Window()
    count = found["count"] or found["count2"] or found["count3"] or "1"
    unit = found["unit"] or found["unit2"] or found["unit3"]
    number = float(count) if count.isdigit() else _NUMBERS[count.lower()]
    return Window(since=now - number * _UNITS[unit[0].lower()], source=found[0].strip())


def _read(
    found: re.Match[str], tag: str, now: datetime, *, after: datetime | None = None, zone: str | None = None
) -> datetime | None:
    """One matched moment as an aware datetime; None when it names no real time (25:61, 2024-02-31). zone: for one that names none."""
    group = {
        name: found[f"{name}{tag}"] for name in ("hour", "minute", "second", "ampm", "zone", "date", "day")
    }
    hour = int(group["hour"])
    if group["ampm"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if "p" in group["ampm"].lower() else 0)
    place = _zone(group["zone"] or zone, now, after)
    local = now.astimezone(place)
    try:
        day = datetime.fromisoformat(group["date"]) if group["date"] else None
    except ValueError:
        return None
    base = day or (after.astimezone(place) if after else local)
    moment = datetime(
        base.year, base.month, base.day, hour, int(group["minute"]), int(group["second"] or 0), tzinfo=place
    )
    if day:
        return moment
    if (group["day"] or "").lower() in ("yesterday", "last night"):
        named = moment - timedelta(days=1)
        # "last night at 02:00" is this morning's small hours.
        return moment if group["day"].lower() == "last night" and hour < 12 and moment <= local else named
    if after:
        return moment if moment >= after else moment + timedelta(days=1)
    # A time of day is the latest one before now; five minutes of grace for clocks that disagree.
    return moment if moment <= local + timedelta(minutes=5) else moment - timedelta(days=1)


def _zone(text: str | None, now: datetime, after: datetime | None) -> tzinfo:
    name = (text or "").strip().upper()
    if not name:
        return (after or now).tzinfo or UTC
    if name in _NAMED_ZONES:
        return timezone(timedelta(hours=_NAMED_ZONES[name])) if _NAMED_ZONES[name] else UTC
    sign = -1 if name[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[-2:])))
