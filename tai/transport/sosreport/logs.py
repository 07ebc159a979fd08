"""What journalctl would have shown, from the text of a journal or a syslog file: by time, unit, priority and kernel.

The text knows less than the journal: which priority a line had is not in it, nor which unit, only the program's name. So a
choice by unit goes by that name and by what systemd says of the unit, and one by priority by words that errors have. What
was chosen so is told by the caller. Times are of the host's zone and have no year: the report's own date gives both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tai.parsers.timestamps import stamp_of

_LINE = re.compile(
    r"(?:\w{3} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S+) (?P<host>\S+) (?P<program>[^\[:]+)(?:\[\d+\])?: ?(?P<message>.*)"
)
# What programs write where they mean syslog's err or worse (0 to 3) or warning (4).
_ERROR = re.compile(
    r"(?i)\b(?:error|fail(?:ed|ure)?|fatal|critical|panic|emerg|alert|segfault|oops|out of memory|i/o error|cannot|unable to|"
    r"denied|refused|corrupt\w*)\b"
)
_WARNING = re.compile(r"(?i)\b(?:warn(?:ing)?|deprecated|retry\w*|timed? ?out|degraded)\b")
_AUTH = frozenset(
    {"sshd", "sudo", "su", "login", "systemd-logind", "polkitd", "useradd", "usermod", "passwd"}
)
_BOOT = re.compile(r"^-- (?:Reboot|Boot [0-9a-f]+) --$|kernel: Linux version ")


@dataclass(frozen=True, slots=True)
class Clock:
    """now: when the report was made, in the host's zone."""

    now: datetime

    def at(self, line: str) -> datetime | None:
        """A line's time, None when it has none."""
        stamp = stamp_of(line, year=self.now.year)
        if stamp is None or stamp.at is None:
            return None
        at = stamp.at if stamp.at.tzinfo else stamp.at.replace(tzinfo=self.now.tzinfo)
        # A month that is still to come was last year's.
        return at.replace(year=at.year - 1) if at - self.now > timedelta(days=2) else at


@dataclass(slots=True)
class Choice:
    """A journalctl command line, as far as text can follow it. guessed: by what the lines were chosen that it does not say."""

    since: datetime | None = None
    until: datetime | None = None
    units: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    priority: int = 7
    kernel: bool = False
    auth: bool = False
    boot: str | None = None
    grep: str = ""
    lines: int = 500
    newest_first: bool = False
    first: bool = False
    cannot: str = ""

    @property
    def guessed(self) -> str:
        """In words, '' when nothing was guessed."""
        parts = [
            "unit by the program's name" if self.units else "",
            "priority by words" if self.priority < 6 else "",
            "facility by the program's name" if self.auth else "",
        ]
        return ", ".join(part for part in parts if part)


def read(argv: Sequence[str], clock: Clock) -> Choice:  # noqa: PLR0912 - one branch for each flag
    """The choice that a canonical journalctl command line makes. `cannot`: the part that text cannot follow."""
    choice = Choice()
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word in ("-S", "--since", "-U", "--until", "-c"):
            _set_time(choice, word, words.pop(0), clock)
        elif word == "-u":
            choice.units += (words.pop(0),)
        elif word == "-t":
            choice.identifiers += (words.pop(0),)
        elif word == "-p":
            choice.priority = _priority(words.pop(0))
        elif word == "-n":
            choice.lines = int(words.pop(0))
        elif word == "-g":
            choice.grep = words.pop(0)
            # Words and alternatives only: another's expression could run for ever here.
            choice.cannot = choice.cannot or ("" if re.fullmatch(r"[\w .:|/-]+", choice.grep) else "-g")
        elif word == "-o":
            form = words.pop(0)
            choice.cannot = choice.cannot or ("" if form.startswith("short") else f"-o {form}")
        elif word == "-r":
            choice.newest_first = True
        elif word in ("-k", "_TRANSPORT=kernel"):
            choice.kernel = True
        elif word.startswith("--facility="):
            choice.auth = "auth" in word
            choice.cannot = choice.cannot or ("" if choice.auth else word)
        elif word == "-b" or re.fullmatch(r"-b[+-]?\d+|--boot=\S+", word):
            choice.boot = word.removeprefix("-b").removeprefix("--boot=") or "0"
        elif word not in ("--no-pager", "--utc", "-a", "-l", "--no-hostname", "--", "-x"):
            choice.cannot = choice.cannot or word
    return choice


def chosen(text: str, choice: Choice, clock: Clock) -> Iterator[str]:
    """The lines that are chosen, in the order of time, before `lines` counts them."""
    lines = text.splitlines()
    start = 1 if lines[:1] and lines[0].startswith("-- ") and "Logs begin" in lines[0] else 0
    if choice.boot is not None:
        lines = _of_boot(lines[start:], choice.boot)
        start = 0
    stems = tuple(unit.rsplit(".", 1)[0] for unit in choice.units)
    pattern = re.compile(choice.grep) if choice.grep else None
    at: datetime | None = None
    for line in lines[start:]:
        if choice.since or choice.until:
            at = clock.at(line) or at
            if at is None or (choice.since and at < choice.since) or (choice.until and at > choice.until):
                continue
        found = _LINE.match(line)
        if found is None:
            continue
        program, message = found["program"].strip(), found["message"]
        if choice.kernel and program != "kernel":
            continue
        if stems and not _of_unit(program, message, choice.units, stems):
            continue
        if choice.identifiers and program not in choice.identifiers:
            continue
        if choice.auth and program.rpartition("/")[2] not in _AUTH:
            continue
        if choice.priority <= 3 and not _ERROR.search(message):
            continue
        if choice.priority == 4 and not (_ERROR.search(message) or _WARNING.search(message)):
            continue
        if pattern and not pattern.search(message):
            continue
        yield line


def _of_unit(program: str, message: str, units: tuple[str, ...], stems: tuple[str, ...]) -> bool:
    name = program.rpartition("/")[2]
    return name in stems or (name in ("systemd", "(systemd)") and any(unit in message for unit in units))


def _of_boot(lines: list[str], boot: str) -> list[str]:
    starts = [n for n, line in enumerate(lines) if _BOOT.search(line)]
    # `-- Boot … --` stands right before the kernel's first line: one boot, not two.
    starts = [n for k, n in enumerate(starts) if k == 0 or n - starts[k - 1] > 1] or [0]
    if starts[0] > 0:
        starts.insert(0, 0)  # the journal begins in the middle of a boot
    offset = int(boot) if re.fullmatch(r"[+-]?\d+", boot) else 0
    index = len(starts) - 1 + offset if offset <= 0 else offset - 1
    if not 0 <= index < len(starts):
        return []
    end = starts[index + 1] if index + 1 < len(starts) else len(lines)
    return lines[starts[index] : end]


def _set_time(choice: Choice, flag: str, text: str, clock: Clock) -> None:
    at: datetime | None = None
    if found := re.fullmatch(r"@(\d+)", text):
        at = datetime.fromtimestamp(int(found[1]), UTC)
    elif found := re.fullmatch(r"t=([0-9a-f]+)", text):
        at = datetime.fromtimestamp(int(found[1], 16) / 1_000_000, UTC)
        choice.first = True
    elif found := re.fullmatch(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d(?::\d\d)?))?( UTC)?", text):
        zone = UTC if found[3] else clock.now.tzinfo or UTC
        at = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}").replace(tzinfo=zone)
    elif found := re.fullmatch(r"-(\d+)\s*(s|sec|min|m|h|hours?|d|days?)", text):
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2][0]]
        at = clock.now - timedelta(seconds=int(found[1]) * unit)
    else:
        choice.cannot = choice.cannot or f"{flag} {text}"
    if flag in ("-U", "--until"):
        choice.until = at
    else:
        choice.since = at


def _priority(text: str) -> int:
    names = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
    last = text.rpartition("..")[2]
    return names.index(last) if last in names else int(last) if last.isdigit() else 7


def zone_of(text: str) -> timezone:
    """From `timedatectl` (`Time zone: Europe/Berlin (CET, +0100)`) or `date` (`… UTC 2022`); UTC when neither says."""
    if found := re.search(r"\(\w+, ([+-])(\d\d)(\d\d)\)", text):
        away = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-away if found[1] == "-" else away)
    return UTC


def date_of(text: str, zone: timezone) -> datetime | None:
    """When the report was made, from `date`, `date --utc` or `timedatectl`."""
    if found := re.search(r"Local time: \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text):
        return datetime.fromisoformat(found[1]).replace(tzinfo=zone)
    found = _DATE.search(text)
    if found is None or not (found["year"] or found["year2"]):
        return None
    day, month = (found["day"], found["month"]) if found["day"] else (found["day2"], found["month2"])
    stamp = stamp_of(f"{month} {day} {found['time']} x", year=int(found["year"] or found["year2"]))
    if stamp is None or stamp.at is None:
        return None
    hour = stamp.at.hour % 12 + (12 if found["half"] == "PM" else 0) if found["half"] else stamp.at.hour
    return stamp.at.replace(hour=hour, tzinfo=zone)


# `Fri Nov 20 14:02:11 UTC 2026`, `Fri Nov 20 02:02:11 PM CET 2026`, `Fri 20 Nov 2026 02:02:11 PM CET`: by locale and version.
_DATE = re.compile(
    r"\b(?:(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2})|(?P<day2>\d{1,2}) (?P<month2>[A-Z][a-z]{2}) (?P<year2>\d{4})) "
    r"(?P<time>\d\d:\d\d:\d\d)(?: (?P<half>[AP]M))?(?: [A-Z+-][\w:]*(?: (?P<year>\d{4}))?)?"
)
