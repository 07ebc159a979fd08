"""Whose words a log line is: the program at its head, or the one that the command line or file was asked about. Pure.

A signature that fits many programs does not have to spell out every log format: `{process}` and `{unit}` are filled from
here where its expressions name none. '' where nothing tells; a guess would tie a line to the wrong service.
"""

from __future__ import annotations

import re
from typing import Final

_HEAD: Final = 160
_IDENT: Final = r"(?P<name>[A-Za-z][\w.@/+-]{0,60})"
# `name[pid]:` of syslog and journal; `name: ` behind a syslog time and host; `name | ` of compose; `name: ` of a shell's line.
_FORMS: Final = (
    re.compile(rf"(?:^|[\s(]){_IDENT}\)?\[\d+\]: "),
    re.compile(rf"^\S{{3,5}}\.? +\d{{1,2}} \d\d:\d\d:\d\d \S+ {_IDENT}: "),
    re.compile(rf"^\d{{4}}-\d\d-\d\dT\S+ \S+ {_IDENT}: "),
    re.compile(rf"^{_IDENT} +\| "),
    re.compile(r"^(?:\S*/)?(?P<name>[a-z][\w.-]{1,40}): (?!\d+:)"),
)
# What stands before a colon at the head of a line and is no program.
_NO_PROGRAM: Final = frozenset(
    {
        "accept", "alert", "bind", "caused", "connect", "crit", "critical", "debug", "emerg", "err", "error", "exec", "exit", "fatal", "fork",
        "hint", "info", "level", "line", "listen", "message", "msg", "note", "notice", "open", "panic", "read", "reason", "send", "socket",
        "stat", "status", "time", "trace", "uncaught", "unit", "warn", "warning", "write",
    }
)  # fmt: skip
# Time, host and program before the message.
_BEFORE_MESSAGE: Final = re.compile(
    r"^.{0,160}?\[\d+\]: |^\S+ +\| |^\S{3,5}\.? +\d{1,2} \d\d:\d\d:\d\d \S+ [\w./-]+: "
)
_UNIT_OF = re.compile(
    r"(?:(?:-u|--unit|-t|--identifier)[ =]|\bstatus |\bshow |\bcat )(?P<name>[A-Za-z][\w@.:\\-]{1,80})"
)
_CONTAINER_OF = re.compile(r"\blogs(?: +--?[\w-]+(?:=\S+)?| +\d+)* +(?P<name>[A-Za-z][\w.-]{1,60})")
_LOG_FILE = re.compile(r"/var/log/(?:(?P<folder>[\w.@-]+)/)?(?:[\w.@-]+/)*(?P<name>[\w@-]+)[\w.@-]*")
# Files that hold the words of many, and names under which every program writes.
_SHARED: Final = frozenset({"syslog", "messages", "auth", "secure", "kern", "daemon", "dmesg", "boot", "user", "debug", "audit", "journal"})  # fmt: skip
_PLAIN: Final = frozenset({"error", "errors", "access", "current", "main", "log", "output", "stderr", "stdout", "startup"})  # fmt: skip


def speaker(line: str) -> str:
    """The program that wrote the line, as the line's head names it; '' when it does not."""
    head = line[:_HEAD]
    for form in _FORMS:
        if (found := form.search(head)) and found["name"].lower() not in _NO_PROGRAM:
            return found["name"]
    return ""


def asked_about(source: str) -> str:
    """The unit, container or program whose log a command line or a file is: `journalctl -u nginx` → nginx; '' for a whole log."""
    command = source.partition("|")[0]
    for form in (_UNIT_OF, _CONTAINER_OF):
        if found := form.search(command):
            return found["name"].removesuffix(".service")
    if (found := _LOG_FILE.search(command)) and found["name"] not in _SHARED:
        name = found["name"]
        return (found["folder"] or "") if name in _PLAIN else name
    return ""


def message_of(line: str) -> str:
    """The line without time, host and program."""
    return _BEFORE_MESSAGE.sub("", line, count=1).strip()
