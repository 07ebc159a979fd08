"""The ticket's time window as a host's own logs know it, and both ends of a window that is too long for one answer. Pure.

A journal is asked with `--since`, `--until` and `-n N`. Which N lines that keeps depends on the version: with `--since`
systemd 252 prints the first N of the window (seen), later ones the last N (journalctl(1), `--lines`). So where N came, the
newest are asked for in reverse, which every version reads alike, and where the first answer was those already, the oldest
with `--cursor=t=…`, which is a place in time (sd_journal_seek_cursor(3)) and excludes `--since`. What lies between is told,
with how many lines it may be.

A plain log file knows no window: its end is read, and when that begins too late, more of it, then the files that it was
rotated to; of those, only the lines of the window are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, assert_never

from tai.model import Facts, Observation, Window
from tai.parsers.timestamps import stamp_of

# A fault begins before somebody notices: what stands in the half hour before the window belongs to the picture.
_BEFORE = timedelta(minutes=30)
# A window with an end and no beginning ("until 14:30") still needs a bound.
_OPEN = timedelta(hours=6)
# The host's clock is allowed for from here on; below, its own log has the right minute anyway.
_CLOCK_STEP_S = 60
# Bytes read from the end of a file whose last lines begin too late: the policy's own bound for a gzip's output.
_MORE_BYTES = 4_000_000
# Rotations that are followed back.
_ROTATIONS = 3
_DATED = re.compile(r"-(\d{4})-?(\d{2})-?(\d{2})(?:-\d+)?(?:\.(gz|xz|bz2|zst))?")
_READING = {"gz": ("gzip", "-c", "-d"), "xz": ("xzcat",), "bz2": ("bzcat",), "zst": ("zstdcat",)}


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a window a step reads. since, until: the window on the host's clock, None where it is open.

    whole: a journal, as much as its limit lets through. last, first: the newest and the oldest lines of one that was too
    long. tail: the last lines of a log file; file: of that file, or of one that it was rotated to, the lines of the window.
    lines: the limit, 0 for none. edge: the line at which the part that was read before ends (last) or begins (first).
    zone: the host's offset from UTC, for lines that name none.
    """

    kind: Literal["whole", "last", "first", "tail", "file"]
    since: datetime | None
    until: datetime | None
    lines: int = 0
    edge: str = ""
    path: str = ""
    rotation: int = 0
    zone: timezone = UTC


def bounds(window: Window, facts: Facts) -> tuple[datetime | None, datetime | None]:
    """The window by the host's clock, with the time before it; (None, None) when there is none."""
    since, until = window.since, window.until
    if since is None and until is not None:
        since = until - _OPEN
    offset = facts.clock_offset_s or 0.0
    shift = timedelta(minutes=round(offset / 60)) if abs(offset) >= _CLOCK_STEP_S else timedelta()
    return since - _BEFORE + shift if since else None, until + shift if until else None


def slots(window: Window, facts: Facts) -> dict[str, str]:
    """`{since}` and `{until}` as the host's journalctl takes them; an open end is left out."""
    since, until = bounds(window, facts)
    ends = (("since", since), ("until", until))
    return {name: _spelled(at, facts) for name, at in ends if at is not None}


def _spelled(at: datetime, facts: Facts) -> str:
    # systemd 219 is not known to take a zone; @ and seconds since 1970 it takes, as all later ones do.
    if facts.family == "rhel" and facts.os_version.partition(".")[0] == "7":
        return f"@{int(at.timestamp())}"
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def first_part(form: Sequence[str], argv: Sequence[str], window: Window, facts: Facts) -> Part | None:
    """What a planned command reads of the window, None when it has no part in this. form: argv with its slots unfilled."""
    since, until = bounds(window, facts)
    if not window:
        return None
    if form[0] == "journalctl" and any("{since}" in word for word in form):
        return Part("whole", since, until, lines=_limit(argv))
    if form[0] == "tail" and argv[-1].startswith("/") and re.search(r"^/var/log/|[./]logs?\b", argv[-1]):
        return Part("tail", since, until, lines=_limit(argv), path=argv[-1], zone=_zone(facts))
    return None


def _limit(argv: Sequence[str]) -> int:
    for n, word in enumerate(argv):
        if found := re.fullmatch(r"(?:--lines=|-n)(\d+)", word):
            return int(found[1])
        if word in ("-n", "--lines") and n + 1 < len(argv) and argv[n + 1].isdigit():
            return int(argv[n + 1])
    return 500  # the policy's own where a command gives none


def _zone(facts: Facts) -> timezone:
    found = re.fullmatch(r"([+-])(\d{2})(\d{2})", facts.zone)
    if not found:
        return UTC
    away = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-away if found[1] == "-" else away)


# ---------------------------------------------------------------- what came back


def arranged(part: Part, text: str, *, cut: bool) -> tuple[str, str]:
    """(the text in the order of time and of the window only, what must be said of it, '' for nothing).

    cut: whether the byte limit stopped it.
    """
    match part.kind:
        case "whole":
            if not _is_full(part, text, cut=cut):
                return text, ""
            return (
                text,
                f"the limit of {part.lines:,} lines was reached; the other end of the window is read next",
            )
        case "last":
            text = "".join(reversed(list(_entries(text))))
            return text, f"the last lines of the window; {_between(part.edge, _first_line(text), text)}"
        case "first":
            return text, f"the first lines of the window; {_between(_last_line(text), part.edge, text)}"
        case "tail":
            return text, ""
        case "file":
            return _of_window(part, text)
        case _:
            assert_never(part.kind)


def _is_full(part: Part, text: str, *, cut: bool) -> bool:
    return cut or text.count("\n") >= part.lines


def _entries(text: str) -> Iterator[str]:
    """The entries of a journal: a line, with those that belong to it, which begin with a blank (journalctl's short forms)."""
    entry: list[str] = []
    for line in text.splitlines(keepends=True):
        if entry and not line.startswith((" ", "\t")):
            yield "".join(entry)
            entry = []
        entry.append(line if line.endswith("\n") else f"{line}\n")
    if entry:
        yield "".join(entry)


def _between(before: str, after: str, text: str) -> str:
    """What lies between the two parts, in words. before, after: the lines on both sides of it; text: one of the parts."""
    left, right = _at(before), _at(after)
    if left is None or right is None:
        return "how much lies between them and the rest is not known"
    if right <= left:
        return "with those read before, they are all of it"
    seconds = (right - left).total_seconds()
    ends = [at for at in (_at(_first_line(text)), _at(_last_line(text))) if at]
    span = (ends[-1] - ends[0]).total_seconds() if len(ends) == 2 else 0.0
    rate = f", about {round(seconds * text.count(chr(10)) / span):,} lines at their rate" if span > 0 else ""
    return f"between {left:%Y-%m-%d %H:%M:%S} and {right:%Y-%m-%d %H:%M:%S} nothing was read{rate}"


def _of_window(part: Part, text: str) -> tuple[str, str]:
    """The lines of the window, after the one before it, which shows that nothing is missing at its start."""
    lines = text.splitlines(keepends=True)
    year = (part.until or part.since or datetime.now(UTC)).year
    times = [_known(stamp_of(line, year=year), part) for line in lines]
    current: datetime | None = None
    kept: list[str] = []
    before = after = 0
    last_before = ""
    for line, at in zip(lines, times, strict=True):
        current = at or current
        if current and part.since and current < part.since:
            before += 1
            last_before = line
        elif current and part.until and current > part.until:
            after += 1
        else:
            kept.append(line)
    if last_before:
        kept.insert(0, last_before)
    said = f"{before:,} lines before the window and {after:,} after it were left out"
    return "".join(kept), said if before or after else ""


# ---------------------------------------------------------------- what to read next


def rest(
    argv: tuple[str, ...], part: Part | None, seen: Observation, known: Iterable[str] = ()
) -> Iterator[tuple[tuple[str, ...], Part, str]]:
    """(argv, part, why) of what must be read besides, after a step with this argv and part gave `seen`.

    known: paths that are known to be on the host, among which a log's dated rotations may be.
    """
    if part is None or not seen.outcome.answered:
        return
    match part.kind:
        case "whole":
            if _is_full(part, seen.text, cut=seen.truncated):
                last = replace(part, kind="last", edge=_last_line(seen.text))
                yield (argv[0], "-r", *argv[1:]), last, "the window has more lines than one answer holds"
        case "last":
            # The answer before was the newest lines already: then it is the oldest that are missing.
            if part.since and _last_line(seen.text) == part.edge:
                first = replace(part, kind="first", edge=_first_line(seen.text))
                yield _from_cursor(argv, part.since), first, "the window has more lines than one answer holds"
        case "tail" | "file":
            if seen.exit in (0, None):  # otherwise there is no such file, and hardly an older one
                yield from _older(part, seen, known)
        case "first":
            return
        case _:
            assert_never(part.kind)


def _from_cursor(argv: tuple[str, ...], since: datetime) -> tuple[str, ...]:
    words = [word for word in argv if word != "-r"]
    at = words.index("-S")
    cursor = f"t={int(since.timestamp() * 1_000_000):x}"
    return (*words[:at], "-c", cursor, *words[at + 2 :])


def _older(
    part: Part, seen: Observation, known: Iterable[str]
) -> Iterator[tuple[tuple[str, ...], Part, str]]:
    year = (part.until or part.since or datetime.now(UTC)).year
    begins = next((at for line in seen.lines if (at := _known(stamp_of(line, year=year), part))), None)
    if part.since is None or (begins is not None and begins < part.since):
        return
    if seen.text and begins is None:
        return  # not a log with times
    why = f"{part.path} begins after the window does" if begins else f"{part.path} has nothing of the window"
    base = part.path
    whole_file = replace(part, kind="file", lines=0)
    if part.kind == "tail" and len(seen.lines) >= part.lines:
        yield ("tail", "-c", str(_MORE_BYTES), base), whole_file, f"what was read of {why}"
    elif part.rotation < _ROTATIONS:
        n = part.rotation + 1
        next_part = replace(whole_file, rotation=n)
        if dated := _dated(base, part.since, known):
            yield dated, replace(next_part, rotation=_ROTATIONS), why
        elif n == 1:
            yield ("tail", "-c", str(_MORE_BYTES), f"{base}.1"), next_part, why
        else:
            yield ("gzip", "-c", "-d", f"{base}.{n}.gz"), next_part, why


def _dated(base: str, since: datetime, known: Iterable[str]) -> tuple[str, ...] | None:
    """The rotation that holds the window's start, where files are named by the day they were put away (dateext)."""
    found: list[tuple[str, str, str]] = []
    for path in known:
        match = _DATED.fullmatch(path.removeprefix(base)) if path.startswith(base) else None
        if match and (day := f"{match[1]}{match[2]}{match[3]}") >= f"{since:%Y%m%d}":
            found.append((day, path, match[4] or ""))
    if not found:
        return None
    _, path, packed = min(found)
    return (*_READING[packed], path) if packed else ("tail", "-c", str(_MORE_BYTES), path)


def _known(stamp: object, part: Part) -> datetime | None:
    """A stamp as an aware time: the host's own zone where the line names none; the year before where it would be to come."""
    at = getattr(stamp, "at", None)
    if not isinstance(at, datetime):
        return None
    if at.tzinfo is not None:
        return at
    aware = at.replace(tzinfo=part.zone)
    edge = part.until or part.since
    if edge and aware - edge > timedelta(days=183):
        aware = aware.replace(year=aware.year - 1)
    return aware


def _at(line: str) -> datetime | None:
    found = stamp_of(line, year=1970)
    return found.at if found else None


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith((" ", "\t"))]
    return lines[-1] if lines else ""
