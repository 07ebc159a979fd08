"""Who may say what a signature fits: the words of the kernel and of systemd are believed from nobody else. Pure.

Anybody can have a program write `Out of memory: Killed process 812`: by a request's user agent, a name to log in with, a message
that a chat program passes on. So a signature whose cases are all the kernel's, or all systemd's, fits no line that another program
wrote; and a request that a web server logged is its client's text, which only signatures of access logs read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tai.catalog.model import Signature
from tai.parsers.speaker import speaker

ACCESS_LOG: Final = "access-log"
"""The kind of text whose lines are what clients asked for."""

# Who passes on the words of each.
_SYSTEM: Final[Mapping[str, frozenset[str]]] = {
    "kernel": frozenset({"kernel", "klogd", "vmunix"}),
    "systemd": frozenset({"systemd"}),
}
# The kernel's ring, as dmesg prints it.
_RING = re.compile(r"(?:<\d+>)?\[ *\d+\.\d+\] ")
# systemd's own process for a unit, before it becomes the unit's program, is named after that: `(nginx)[812]: `.
_CHILD = re.compile(r"(?:^| )\([^\s()]{1,60}\)\[\d+\]: ")
# The time in the common log format of web servers, and the request behind it.
_REQUEST = re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \"")
_HEAD: Final = 300


def voices(signature: Signature) -> frozenset[str]:
    """The programs that alone can have written its lines, in lower case; empty where it is anybody."""
    lines = [line for case in signature.cases if case.matches for line in case.text.split("\n")]
    fitting = [line for line in lines if any(word in line for word in signature.match.has)]
    said = {"kernel" if _RING.match(line) else speaker(line).lower() for line in fitting} - {""}
    return next((names for name, names in _SYSTEM.items() if said == {name}), frozenset())


def may_say(signature: Signature, own: frozenset[str], line: str, who: str) -> bool:
    """Whether the line can be what the signature is about. own: its `voices`; who: the line's speaker, '' where nobody is named."""
    if own and who and who.lower() not in own and not (_RING.match(line) or _CHILD.search(line, 0, _HEAD)):
        return False
    return ACCESS_LOG in signature.reads or _REQUEST.search(line, 0, _HEAD) is None
