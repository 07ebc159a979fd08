"""Dates and times as people spell them, rewritten as `2026-11-26` and `14:05`, for `tai.ticket.window` to find. Pure.

`24 Nov`, `26.11.2026`, `11/26/2026`, `last Tuesday`, `2 pm`, `noon`, `at 14.05`, `0200 UTC`. What may be something else (a version, an
address, a ratio) is left as it is. English names; a date without a year is the latest one that is not in the future.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH: Final = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_YEAR: Final = r"(?:,?\s+(?P<year>20\d\d))?(?![\w:])"
# A short name may be a host's, a company's or a verb's: it counts with its capital, and where a time or the sentence's end follows.
_DAY_NAME: Final = (
    r"(?P<name>(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?=\s+(?:at\s+)?\d|[,.;)]?(?:\s*$|\s*\n)))"
    r"(?![\w'-]|\.\w)"
)
_AMPM: Final = r"(?P<ampm>[ap])\.?m\b\.?"
_FREE: Final = r"(?<![\w.:/-])"

_RULES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_FREE}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}{_YEAR}",
        rf"{_FREE}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}",
        rf"{_FREE}(?P<day>\d{{1,2}})\.(?P<number>\d{{1,2}})\.(?P<year>20\d\d)(?![\w.])",
        rf"{_FREE}(?P<one>\d{{1,2}})/(?P<other>\d{{1,2}})/(?P<year>20\d\d)(?![\w/])",
        rf"\b(?:(?P<last>last)|since|on|from|until|by)\s+(?:(?P<last2>last)\s+)?{_DAY_NAME}",
        rf"\b(?P<between>between|from)\s+(?P<hour>\d{{1,2}})\s+(?P<and>and|to|-|until)\s+(?P<hour2>\d{{1,2}})\s?{_AMPM}",
        rf"{_FREE}(?P<hour>\d{{1,2}})\s?{_AMPM}",
        r"\b(?P<lead>(?:at|since|from|until|till|before|after|around|about|and|to)\s+)(?P<word>noon|midnight)\b",
        r"\b(?P<lead>(?:at|around|about|um|gegen)\s+)(?P<hour>[01]?\d|2[0-3])\.(?P<minute>[0-5]\d)(?![\w.])",
        rf"{_FREE}(?P<lead>)(?P<hour>[01]?\d|2[0-3])\.(?P<minute>[0-5]\d)(?=\s?(?:[ap]\.?m\b|uhr\b))",
        r"\b(?P<lead>(?:at|since|from|until|around|about)\s+)(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?=\s?(?:UTC|GMT|Z|hours|hrs)\b)",
    )
)


def plain(text: str, *, now: datetime) -> str:
    """The text with such dates and times in digits. now: what "last" and a missing year are counted from."""
    writers: tuple[Callable[[re.Match[str], date], str], ...] = (
        _of_month, _of_month, _of_dots, _of_slashes, _of_weekday, _of_hours, _of_hour, _of_word, _of_clock, _of_clock, _of_clock,
    )  # fmt: skip
    for rule, write in zip(_RULES, writers, strict=True):
        text = rule.sub(lambda found, write=write: write(found, now.date()), text)  # type: ignore[misc]
    return text


def _of_month(found: re.Match[str], today: date) -> str:
    month = _MONTHS.index(found["month"][:3].lower()) + 1
    return _written(found, today, found["year"], month, int(found["day"]))


def _of_dots(found: re.Match[str], today: date) -> str:
    return _written(found, today, found["year"], int(found["number"]), int(found["day"]))


def _of_slashes(found: re.Match[str], today: date) -> str:
    """Day or month first: the one that is a date, and where both are, the later that is not in the future."""
    one, other = int(found["one"]), int(found["other"])
    dates = [_date(int(found["year"]), *pair) for pair in ((one, other), (other, one))]
    past = [each for each in dates if each is not None and each <= today + timedelta(days=1)]
    return max(past).isoformat() if past else found[0]


def _of_weekday(found: re.Match[str], today: date) -> str:
    back = (today.weekday() - _DAYS.index(found["name"][:3].lower())) % 7
    if back == 0 and (found["last"] or found["last2"]):
        back = 7
    lead = "on" if found["last"] else found[0].split()[0]
    return f"{lead} {(today - timedelta(days=back)).isoformat()}"


def _of_hours(found: re.Match[str], today: date) -> str:
    del today
    half = f" {found['ampm']}m"
    return f"{found['between']} {found['hour']}:00{half} {found['and']} {found['hour2']}:00{half}"


def _of_hour(found: re.Match[str], today: date) -> str:
    del today
    return f"{found['hour']}:00 {found['ampm']}m" if 1 <= int(found["hour"]) <= 12 else found[0]


def _of_word(found: re.Match[str], today: date) -> str:
    del today
    return f"{found['lead']}{'12:00' if found['word'].lower() == 'noon' else '00:00'}"


def _of_clock(found: re.Match[str], today: date) -> str:
    del today
    return f"{found['lead']}{found['hour']}:{found['minute']}"


def _written(found: re.Match[str], today: date, year: str | None, month: int, day: int) -> str:
    """The date in digits; what stood there where it is none. Without a year the latest that is not in the future."""
    years = (int(year),) if year else (today.year, today.year - 1)
    dates = [_date(each, month, day) for each in years]
    there = [each for each in dates if each is not None and (year or each <= today + timedelta(days=1))]
    return there[0].isoformat() if there else found[0]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
