"""Which lines belong together: a stack trace, a dump, a message with its details, an object over several lines.

By how lines look, as programs of many languages print them; no record is parsed. A header that a logger puts before each line
(`Nov 21 14:00:01 db-01 kernel: `) is looked past.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Longer than any trace that a person reads; a record that goes on is cut there.
LONGEST: Final = 160
# Plain indentation is weak evidence: whole configuration files and tables have it.
_LONGEST_INDENTED: Final = 24
_HEAD: Final = 300

_HEADER = re.compile(
    r"""(?x)
    (?:<\d+>)?
    (?: [\w.-]{1,40} \s+ \| \s )?                                             # compose's prefix
    (?: (?P<kernel> \[\s*\d+\.\d+\] (?:\[\s*[TC]\d+\])? )
      | (?: \[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*(?:\ (?:UTC|[A-Z]{3,4}))?
          | [^\W\d]{3,5}\.?\ +\d{1,2}\ \d\d:\d\d:\d\d(?:\.\d+)?(?:\ \d{4})?
        )
        (?P<tag> \ [\w.:\[\]-]+ \ (?: (?P<ring>kernel) | [\w./@:()-]+(?:\[\d+\])? ) : (?:\ \[\s*\d+\.\d+\])? )?
    )
    \ ?
    """
)
# Lines that go on with the record before them, whatever their indentation.
_CONTINUES = re.compile(
    r"""(?x)\s*(?:
      at\ [\w$.<>/\ ]+\( | at\ \S+:\d+:\d+$ | Caused\ by: | Suppressed: | \.\.\.\ \d+\ (?:more|common)
    | File\ "[^"]+",\ line\ \d+ | During\ handling\ of\ the\ above | The\ above\ exception\ was | \^+$ | [~^]+$
    | \#\d+:?\ +(?:0x[0-9a-f]+|[/\w{<\[(]) | \{main\} | thrown\ in\ | Stack\ trace: | PHP\ +\d+\.\ | from\ \S+:\d+:in
    | goroutine\ \d+\ \[ | created\ by\ \S+ | [\w./*()-]+\.[\w*().]+\([^)]*\)$ | \[signal\ SIG | 0x[0-9a-f]+\ in\ \S
    | stack\ backtrace: | note:\ (?:run\ with|Some\ details) | \d+:\ +(?:0x[0-9a-f]+|[\w<{].*::|\w+$)
    | Call\ [Tt]race: | RIP: | RSP: | R[A-D]X: | R[SDB][IP]: | R\d\d: | [CDEFG]S: | CR\d: | DR\d: | PKRU: | Code: | Modules\ linked
    | CPU:\ \d | Hardware\ name: | Workqueue: | pc\ : | lr\ : | sp\ : | x\d+\ ?:\  | \?\ [\w.]+\+0x | [\w.]+\+0x[0-9a-f]+/0x
    | </?(?:TASK|IRQ|NMI|SOFTIRQ)> | \[<[0-9a-f]+>\] | ---\[\ end\ | Oops: | invalid\ opcode | PGD\ | \#PF: | BUG:\ unable
    | Stack\ trace\ of\ thread | ELF\ object\ binary | what\(\):
    | [\]})]+[,;]?$ )
    """
)
_DETAIL = re.compile(r"\b(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY):  ")
_AFTER_BLANK = re.compile(
    r"goroutine \d+ \[|\s*Stack trace of thread|During handling of|The above exception was|\s*#\d+ "
)
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)")
# The next line belongs to these, whatever it is.
_HOLDS_NEXT = re.compile(
    r"-+\[ cut here \]-+|panicked at .*:$|Program (?:received|terminated with) signal|^[{\[]$"
)
_ROOT_CAUSE = re.compile(
    r"Caused by|^\s*\w[\w.]*(?:Error|Exception|Interrupt|Exit)\b|panicked at|panic: |RIP: |BUG:|^\s*#0 |thrown in"
    r"|fatal error|dumped core|DETAIL:|HINT:|Oops:"
)


@dataclass(frozen=True, slots=True)
class _Body:
    """A line without its header. indent: blanks before the message, where they mean something."""

    text: str
    indent: int

    @property
    def blank(self) -> bool:
        return not self.text.strip()


@lru_cache(maxsize=16_384)  # lines near trouble are looked at from each line beside them
def _body(line: str) -> _Body:
    head = line[:_HEAD]
    found = _HEADER.match(head)
    text = head[found.end() :] if found else head
    indent = len(text) - len(text.lstrip())
    if found and not (found["kernel"] or found["ring"]):
        # Some loggers pad: one blank more says nothing behind a program's name, and none do behind a bare time.
        indent = indent if found["tag"] and (indent > 1 or text.startswith("\t")) else 0
    return _Body(text, indent)


def extent(lines: Sequence[str], at: int) -> tuple[int, int]:
    """The record that line `at` stands in, first and last index; a line by itself is its own record.

    lines: some way around the line is enough: `LONGEST` before and after.
    """
    start = 0
    strong = False  # held together by more than indentation
    traceback = done = False
    before = _Body("", 0)
    bodies = [_body(line) for line in lines]
    for index, here in enumerate(bodies):
        following = bodies[index + 1] if index + 1 < len(bodies) else _Body("", 0)
        frame = bool(_CONTINUES.match(here.text) or _DETAIL.search(here.text[:160]))
        if _TRACEBACK.search(here.text):
            joins, traceback, done = not before.blank and (start == index - 1 or traceback), True, False
            frame = True
        elif here.blank:
            joins = bool(_AFTER_BLANK.match(following.text)) or (here.indent > 0 and following.indent > 0)
            frame = joins
        elif traceback and not done:
            # The first line that is not indented names the exception and ends the traceback.
            joins, done, frame = True, here.indent == 0 and not frame, True
        else:
            joins = frame or here.indent > 0 or bool(_HOLDS_NEXT.search(before.text))
        if index and joins and index - start < LONGEST:
            strong = strong or frame
        else:
            if start <= at < index:
                return _bounded(start, index - 1, at, strong=strong)
            start, strong = index, False
            traceback, done = bool(_TRACEBACK.search(here.text)), False
        before = here
    return _bounded(start, len(bodies) - 1, at, strong=strong)


def _bounded(first: int, last: int, at: int, *, strong: bool) -> tuple[int, int]:
    if strong or last - first < _LONGEST_INDENTED:
        return first, last
    return max(first, at - 2), min(last, at + 2)


def essence(lines: Sequence[str], limit: int) -> list[int]:
    """Of a record too long to keep whole: at most `limit` indices, its head and the lines that name the root cause."""
    if len(lines) <= limit:
        return list(range(len(lines)))
    causes = [index for index, line in enumerate(lines) if _ROOT_CAUSE.search(_body(line).text)]
    # The innermost cause stands last, and its first frames after it.
    wanted: list[int] = [0, *(causes[-1:]), len(lines) - 1, *causes[::-1], 1, 2]
    for cause in causes[-1:]:
        wanted += [cause + 1, cause + 2]
    wanted += range(len(lines))
    return sorted(list(dict.fromkeys(index for index in wanted if index < len(lines)))[:limit])
