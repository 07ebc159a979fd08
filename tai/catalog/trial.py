"""Runs a signature's expressions against lines made to hurt them, with a limit on time. For `tai collectors check` only.

`tai.catalog.patterns` judges by the form of a pattern, at every start; this finds what the form does not show. The lines
are a signature's own cases, each of their characters in turn repeated to the length at which tai cuts a line, and the
end changed so that the match fails at last. `re` looks for signals while it runs, so a timer can stop it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tai.catalog.model import Signature
from tai.catalog.patterns import compiled
from tai.parsers.lines import LONGEST

LIMIT_S = 1.0
"""Seconds of CPU time for one line, so that a busy machine makes no pattern slow. A good expression takes a thousandth of that."""

TOTAL_S = 60.0
"""Seconds of CPU time for one file: a hundred signatures with a page of cases each take a third of that."""

_PLACES = 120  # characters of a case that are tried, evenly spread


def slow(signature: Signature, until: float) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(where in the signature, what is wrong) for each expression that takes longer than `LIMIT_S` on one line.

    until: of `time.process_time()`, when to stop trying. Nothing where it cannot be timed: in another thread than the main one, or without a timer (Windows).
    """
    if not _can_be_timed():
        return
    lines = [line for case in signature.cases for line in case.text.splitlines() if line][:20]
    patterns = [("line", pattern) for pattern in signature.match.line]
    if signature.match.unless:
        patterns.append(("unless", signature.match.unless))
    for key, pattern in patterns:
        for line in lines:
            if worst := _first_slow(pattern, line, until):
                yield (
                    ("match", key),
                    f"takes longer than {LIMIT_S:g} s on a line of {len(worst):,} characters, one of this signature's own "
                    f"cases with {worst[len(worst) // 2]!r} repeated: {pattern}",
                )
                break


def _first_slow(pattern: str, line: str, until: float) -> str:
    step = max(1, len(line) // _PLACES)
    for at in range(0, len(line), step):
        if time.process_time() >= until:
            break
        repeated = line[:at] + line[at] * (LONGEST - len(line)) + line[at + 1 : -1] + "\0"
        if not _in_time(pattern, repeated):
            return repeated
    return ""


def _in_time(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    try:
        with within(LIMIT_S):
            expression.search(text)
    except TimeoutError:
        return False
    return True


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError when the block takes longer than so much CPU time; never where it cannot be timed."""
    if not _can_be_timed():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _can_be_timed() -> bool:
    return threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TimeoutError
