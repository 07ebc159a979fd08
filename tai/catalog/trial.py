"""Runs a signature's expressions against lines made to hurt them, with a limit on time. For `tai collectors check` only.

`tai.catalog.patterns` judges by the form of a pattern, at every start; this finds what the form does not show. The lines
are a signature's own cases, each of their characters in turn repeated to the length at which tai cuts a line, and the
end changed so that the match fails at last. `re` looks for signals while it runs, so a timer can stop it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType

from tai.catalog.model import Signature
from tai.catalog.patterns import compiled
from tai.parsers.lines import LONGEST

LIMIT_S = 1.0
"""Seconds of CPU time for one line, so that a busy machine makes no pattern slow. A good expression takes a thousandth of that."""

_PLACES = 120  # characters of a case that are tried, evenly spread


class _OutOfTimeError(Exception):
    pass


def slow(signature: Signature) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(where in the signature, what is wrong) for each expression that takes longer than `LIMIT_S` on one line.

    Nothing where it cannot be timed: in another thread than the main one, or without a timer (Windows).
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return
    lines = [line for case in signature.cases for line in case.text.splitlines() if line][:20]
    patterns = [("line", pattern) for pattern in signature.match.line]
    if signature.match.unless:
        patterns.append(("unless", signature.match.unless))
    for key, pattern in patterns:
        for line in lines:
            if worst := _first_slow(pattern, line):
                yield (
                    ("match", key),
                    f"takes longer than {LIMIT_S:g} s on a line of {len(worst):,} characters, one of this signature's own "
                    f"cases with {worst[len(worst) // 2]!r} repeated: {pattern}",
                )
                break


def _first_slow(pattern: str, line: str) -> str:
    step = max(1, len(line) // _PLACES)
    for at in range(0, len(line), step):
        repeated = line[:at] + line[at] * (LONGEST - len(line)) + line[at + 1 : -1] + "\0"
        if not _in_time(pattern, repeated):
            return repeated
    return ""


def _in_time(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        expression.search(text)
    except _OutOfTimeError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return True


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _OutOfTimeError
