"""How a command's end reads as an `Outcome`. Pure. "Could not look" is never an empty answer.

The phrases are those of glibc's strerror, busybox, systemd and the shells, in the C locale that the wire form sets.
"""

from __future__ import annotations

import re
from collections.abc import Container

from tai.model import OTHER_OPTIONS, Outcome
from tai.transport.base import Completed

# env, timeout, nice and the shells all answer 127 for a program that is not there (POSIX, 2.8.2).
_NOT_FOUND = 127
# GNU timeout ends with 124 when it fired, and 137 when it had to kill.
_TIMED_OUT = frozenset({124, 137})
_DENIED = re.compile(
    rb"(?i)permission denied|operation not permitted|access denied|must be (?:run as )?root|are you root|not authorized|"
    rb"insufficient permissions?|requires? (?:root|superuser)|you need to be root|only root can|not seeing messages from other users"
)
# What getopt of glibc, musl and busybox says, and how busybox heads the usage that it prints in place of an answer.
_OPTION_REFUSED = re.compile(
    rb"(?i)(?:invalid|unrecognized|unrecognised|unknown|illegal|bad) option|^BusyBox v\S+ .*multi-call binary",
    re.M,
)


def outcome_of(done: Completed, ok_exit: Container[int], *, program: str = "") -> tuple[Outcome, str]:
    """(outcome, reason in words). ok_exit: exit codes that the probe takes for an answer; program: the command's own name.

    The reason is '' for a plain answer; an answer that is partial because of permissions is `ok` with a reason.
    """
    if done.disconnected:
        return Outcome.DISCONNECTED, done.disconnected
    if hung(done):
        return Outcome.TIMEOUT, f"stopped after {done.duration_s:.0f} s; what came by then is kept"
    if done.truncated:
        return (Outcome.OK if done.stdout else Outcome.EMPTY), "cut at the byte limit; the beginning is kept"
    if done.exit is None:
        return (
            Outcome.FAILED,
            f"ended by signal {done.signal}" if done.signal else "ended without an exit status",
        )
    return _of_exit(done, done.exit, _telling(done.stderr, program), answered=done.exit in ok_exit)


def hung(done: Completed) -> bool:
    """Whether it had not ended by its time: by our clock, or by that of `timeout` on the host."""
    return done.timed_out or (done.exit in _TIMED_OUT and not done.truncated)


def _of_exit(done: Completed, status: int, said: str, *, answered: bool) -> tuple[Outcome, str]:
    if status == _NOT_FOUND:
        return Outcome.MISSING_TOOL, said or "the program is not on this host"
    denied = _DENIED.search(done.stderr)
    if denied and (not answered or _says_nothing(done.stdout)):
        return Outcome.NO_PERMISSION, said
    if status and _says_nothing(done.stdout) and _OPTION_REFUSED.search(done.stderr):
        return Outcome.FAILED, f"exit {status}: {said} ({OTHER_OPTIONS})"
    if not answered:
        return Outcome.FAILED, f"exit {status}: {said}" if said else f"exit {status}"
    if _says_nothing(done.stdout):
        return Outcome.EMPTY, ""
    return Outcome.OK, (f"partial: {said}" if denied else "")


def _says_nothing(stdout: bytes) -> bool:
    return not stdout.strip() or stdout.strip() == b"-- No entries --"


def _telling(stderr: bytes, program: str) -> str:
    """The line of standard error that is the program's own: a login shell's start files may have put theirs before it."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    own = [line for line in lines if program and line.startswith(f"{program}:")]
    return (own or lines[-1:] or [""])[0][:300]
