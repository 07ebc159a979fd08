"""The ends of pipelines: grep, head, tail, wc, sort, uniq, cut, awk's print and sed's p, over text that a host printed.

Not commands: nothing here reaches a host. `tai.policy.filterwords` reads what was typed into these types, and `apply`
runs them over text that was already sanitised and redacted. Where a program's result is defined by bytes (`cut -c`,
`sort`), characters are meant here; for ASCII that is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final, Literal, assert_never

from tai.policy.automaton import Deadline, PatternTimeoutError
from tai.policy.posix_regex import Dialect, compile_pattern
from tai.policy.sorting import SortKey, sort_lines


@dataclass(frozen=True, slots=True)
class Grep:
    """patterns: a line is taken if any matches; most: stop after that many lines; before, after: lines of context."""

    patterns: tuple[str, ...]
    dialect: Dialect = "basic"
    ignore_case: bool = False
    whole: Literal["", "word", "line"] = ""
    invert: bool = False
    count: bool = False
    only_matching: bool = False
    line_numbers: bool = False
    before: int = 0
    after: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The first `count` lines, or bytes; all_but: everything but the last `count`."""

    count: int
    in_bytes: bool = False
    all_but: bool = False


@dataclass(frozen=True, slots=True)
class Tail:
    """The last `count` lines, or bytes; from_start: everything from number `count` on."""

    count: int
    in_bytes: bool = False
    from_start: bool = False


@dataclass(frozen=True, slots=True)
class Wc:
    """what: any of l, w, m, c: lines, words, characters, bytes."""

    what: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sort:
    """See `tai.policy.sorting.sort_lines`."""

    keys: tuple[SortKey, ...] = ()
    separator: str | None = None
    reverse: bool = False
    unique: bool = False
    stable: bool = False


@dataclass(frozen=True, slots=True)
class Uniq:
    """One of each run of equal lines; repeated: only of runs of two and more; unrepeated: only of runs of one."""

    count: bool = False
    repeated: bool = False
    unrepeated: bool = False
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """ranges: (first, last) from 1, last None for the end. delimiter None: characters, not fields."""

    ranges: tuple[tuple[int, int | None], ...]
    delimiter: str | None = "\t"
    only_delimited: bool = False
    joiner: str = "\t"


@dataclass(frozen=True, slots=True)
class AwkField:
    """One thing to print: `$number` (0 is the line), `$(NF-number)`, NR, NF, or `text`."""

    kind: Literal["field", "from-end", "line-number", "field-count", "text"]
    number: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class AwkPrint:
    """items: what is printed, side by side, of each line that `pattern` (an extended expression) matches."""

    separator: str
    items: tuple[AwkField, ...]
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class SedPrint:
    """ranges: (first, last) line numbers from 1, None for the last line."""

    ranges: tuple[tuple[int | None, int | None], ...]


Filter = Grep | Head | Tail | Wc | Sort | Uniq | Cut | AwkPrint | SedPrint

LIMIT_S: Final = 2.0
"""Seconds that all filters of one pipeline may take together: longer than 4 MB needs, short enough to wait for."""


@dataclass(frozen=True, slots=True)
class FilterResult:
    """text: what the last filter printed. stopped: '' or why a filter was stopped; text is then what went into it."""

    text: str
    stopped: str = ""


def apply(filters: tuple[Filter, ...], text: str, *, limit_s: float = LIMIT_S) -> FilterResult:
    """Run text through the filters in order, as a pipeline would. text: cleaned output, lines ended by newlines.

    Never raises for any text. A filter that is not done after `limit_s` seconds is stopped, and said to be.
    """
    deadline = Deadline(limit_s)
    for number, each in enumerate(filters, start=1):
        try:
            text = _run(each, text, deadline)
        except PatternTimeoutError:
            name = type(each).__name__.lower().removesuffix("print")
            return FilterResult(
                text, f"filter {number} ({name}) was stopped after {limit_s:g} s; shown is what went into it"
            )
    return FilterResult(text)


def _run(each: Filter, text: str, deadline: Deadline) -> str:
    match each:
        case Head():
            return _head(each, text)
        case Tail():
            return _tail(each, text)
        case Wc():
            return _wc(each, text)
        case Grep():
            lines = _grep(each, _lines(text), deadline)
        case Sort():
            lines = iter(
                sort_lines(
                    _lines(text),
                    each.keys,
                    each.separator,
                    reverse=each.reverse,
                    unique=each.unique,
                    stable=each.stable,
                    tick=deadline.check,
                )
            )
        case Uniq():
            lines = _uniq(each, _lines(text))
        case Cut():
            lines = _cut(each, _lines(text), deadline)
        case AwkPrint():
            lines = _awk(each, _lines(text), deadline)
        case SedPrint():
            lines = _sed(each, _lines(text), deadline)
        case _:
            assert_never(each)
    return "".join(line + "\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Lines without their newline. Only a newline ends one: str.splitlines would split at U+2028 and others too."""
    return text.removesuffix("\n").split("\n") if text else []


def _head(each: Head, text: str) -> str:
    if each.in_bytes:
        raw = text.encode()
        return raw[: max(0, len(raw) - each.count) if each.all_but else each.count].decode(errors="ignore")
    lines = _kept(text)
    return "".join(lines[: max(0, len(lines) - each.count) if each.all_but else each.count])


def _tail(each: Tail, text: str) -> str:
    if each.in_bytes:
        raw = text.encode()
        return raw[_tail_start(each, len(raw)) :].decode(errors="ignore")
    lines = _kept(text)
    return "".join(lines[_tail_start(each, len(lines)) :])


def _tail_start(each: Tail, length: int) -> int:
    return max(each.count - 1, 0) if each.from_start else max(length - each.count, 0)


def _kept(text: str) -> list[str]:
    """Lines with their newline; the last one may have none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _wc(each: Wc, text: str) -> str:
    counts = {
        "l": text.count("\n"),
        "w": len(text.split()),
        "m": len(text),
        "c": len(text.encode()),
    }
    shown = [count for letter, count in counts.items() if letter in each.what]
    return (str(shown[0]) if len(shown) == 1 else " ".join(f"{count:7d}" for count in shown)) + "\n"


def _grep(each: Grep, lines: list[str], deadline: Deadline) -> Iterator[str]:
    pattern = compile_pattern(each.patterns, each.dialect, ignore_case=each.ignore_case, whole=each.whole)
    wanted = (at for at, line in enumerate(lines) if pattern.search(line, deadline) != each.invert)
    taken = list(islice(wanted, each.most))
    if each.count:
        yield str(len(taken))
    elif each.only_matching:
        for at in [] if each.invert else taken:
            for start, end in pattern.spans(lines[at], deadline):
                yield _numbered(each, at, lines[at][start:end], ":")
    else:
        yield from _in_context(each, lines, taken, deadline)


def _in_context(each: Grep, lines: list[str], taken: list[int], deadline: Deadline) -> Iterator[str]:
    """The lines at `taken` and those around them, with `--` where lines were left out between."""
    following = 0  # the line after the last one printed
    for place, at in enumerate(taken):
        deadline.check()
        first = max(following, at - each.before)
        if (each.before or each.after) and following and first > following:
            yield "--"
        for earlier in range(first, at):
            yield _numbered(each, earlier, lines[earlier], "-")
        yield _numbered(each, at, lines[at], ":")
        next_taken = taken[place + 1] if place + 1 < len(taken) else len(lines)
        following = min(at + 1 + each.after, next_taken)
        for later in range(at + 1, following):
            yield _numbered(each, later, lines[later], "-")


def _numbered(each: Grep, at: int, line: str, mark: str) -> str:
    return f"{at + 1}{mark}{line}" if each.line_numbers else line


def _uniq(each: Uniq, lines: list[str]) -> Iterator[str]:
    fold: Callable[[str], str] = str.lower if each.ignore_case else str
    for _, run in groupby(lines, key=fold):
        same = list(run)
        count = len(same)
        if (each.repeated and count == 1) or (each.unrepeated and count > 1):
            continue
        yield f"{count:7d} {same[0]}" if each.count else same[0]


def _cut(each: Cut, lines: list[str], deadline: Deadline) -> Iterator[str]:
    merged = _merged(each.ranges)
    for line in lines:
        deadline.check()
        if each.delimiter is None:
            yield "".join(line[first - 1 : last] for first, last in merged)
        elif each.delimiter in line:
            parts = line.split(each.delimiter)
            yield each.joiner.join(part for first, last in merged for part in parts[first - 1 : last])
        elif not each.only_delimited:
            yield line


def _merged(ranges: tuple[tuple[int, int | None], ...]) -> list[tuple[int, int | None]]:
    """The same places in order, each once: 3-5,1,4- is 1,3-."""
    merged: list[tuple[int, int | None]] = []
    for first, last in sorted(ranges, key=lambda range_: range_[0]):
        if not merged:
            merged.append((first, last))
            continue
        before = merged[-1][1]
        if before is None:
            break
        if first > before:
            merged.append((first, last))
        else:
            merged[-1] = (merged[-1][0], None if last is None else max(before, last))
    return merged


def _awk(each: AwkPrint, lines: list[str], deadline: Deadline) -> Iterator[str]:
    wanted = compile_pattern((each.pattern,), "extended") if each.pattern is not None else None
    edge = compile_pattern((each.separator,), "extended") if len(each.separator) > 1 else None
    for number, line in enumerate(lines, start=1):
        deadline.check()
        if wanted is not None and not wanted.search(line, deadline):
            continue
        if each.separator == " ":
            fields = [field for field in re.split(r"[ \t]+", line) if field]
        elif edge is not None:
            starts = [0]
            ends = []
            for start, end in edge.spans(line, deadline):
                ends.append(start)
                starts.append(end)
            fields = [line[start:end] for start, end in zip(starts, [*ends, len(line)], strict=True)]
        else:
            fields = line.split(each.separator)
        yield "".join(_awk_item(item, line, number, fields if line else []) for item in each.items)


def _awk_item(item: AwkField, line: str, number: int, fields: list[str]) -> str:
    match item.kind:
        case "field":
            wanted = item.number
        case "from-end":
            wanted = max(len(fields) - item.number, 0)
        case "line-number":
            return str(number)
        case "field-count":
            return str(len(fields))
        case "text":
            return item.text
        case _:
            assert_never(item.kind)
    return line if wanted == 0 else fields[wanted - 1] if wanted <= len(fields) else ""


def _sed(each: SedPrint, lines: list[str], deadline: Deadline) -> Iterator[str]:
    total = len(lines)
    spans = [(first or total, last or total) for first, last in each.ranges]
    for number, line in enumerate(lines, start=1):
        deadline.check()
        for first, last in spans:
            if first <= number <= max(first, last):  # a range that ends before it starts is its first line
                yield line
