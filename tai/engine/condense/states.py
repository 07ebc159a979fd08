"""Marks by which tables and status files say that something is down, without a word: `[_U]`, `(F)`, `0/1`, `D`, `^?`.

From the man pages of the programs named. Part of `tai.engine.condense.telling`.
"""

from __future__ import annotations

import re
from typing import Final

_DEFINITE: Final = 66.0
_COUNTED: Final = 30.0

# Where none of these stands, no mark does: cheaper than any pattern.
_SIGNS: Final = (
    "](F)", "_]", "_U", "(unhealthy)", "Exited (", "Restarting (", " 0/", " D", " Z", "^?", "^x", "DOWN", "LISTEN", "avg10=", "MemAvailable",
    "errors", "dropped", "verru", "FAULT", "UNAVAIL", ".INIT.", "faulty",
)  # fmt: skip
_MARKS = re.compile(
    r"""(?x)
      \]\(F\)                                    # /proc/mdstat: a failed member
    | \[(?=U*_)[U_]{2,}\]                        # /proc/mdstat: a member is missing
    | \(unhealthy\) | Exited\ \([1-9] | Restarting\ \(   # docker ps
    | \s0/[1-9]\d*\s                             # kubectl get: none of the wanted ones is ready
    | \s[DZ][sl<N+L]*\s+(?:\S+\s+)?\d+:\d\d[\s:.]        # ps: uninterruptible or defunct
    | ^\^[?x]                                    # chronyc sources: unreachable, or a falseticker
    | \sstate\ DOWN\s | NO-CARRIER               # ip link
    | avg10=(?:[3-9]\d|100)                      # /proc/pressure: a third of the time or more
    | MemAvailable:\s+\d{1,5}\ kB                # /proc/meminfo: below 100 MB
    | \b(?:FAULTED|UNAVAIL)\b | \.INIT\. | \bfaulty\b    # zpool, ntpq, multipath
    """
)
_LISTEN = re.compile(r"(?:tcp\w*\s+)?LISTEN\s+(\d+)\s+(\d+)")
_COUNTERS = re.compile(
    r"(?i)\b(?:errors|dropped|overruns|collisions|carrier|pruned|overflowed)[:=\s]+[1-9]\d{2,}"
)


def state(head: str) -> float:
    """Worth of a line's marks, 0 without any."""
    if not any(sign in head for sign in _SIGNS):
        return 0.0
    if _MARKS.search(head):
        return _DEFINITE
    backlog = _LISTEN.match(head)
    if backlog and int(backlog[1]) >= int(backlog[2]) > 0:
        return _DEFINITE  # ss: the accept queue of a listener is full
    return _COUNTED if _COUNTERS.search(head) else 0.0
