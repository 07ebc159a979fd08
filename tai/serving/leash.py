"""Runs one command so that nothing of it is left behind. A program of its own: `python -I leash.py PARENT COMMAND…`.

Between tai and the model server: it asks the kernel for a signal when tai dies (PR_SET_PDEATHSIG), is the one to whom orphans
of the server come home (PR_SET_CHILD_SUBREAPER), and ends only when all of them have. Standard library only, and no import of
tai: it starts in 20 ms and holds nothing.

PARENT: the process id of who started it. Ends with the command's exit status, 128 and the signal's number where that ended it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_S = 15.0  # vLLM lets go of its cards in about 4 s
_ASKED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def main(parent: int, command: list[str]) -> int:
    """Run `command` to its end, or until a signal or the parent's death asks for it."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:
        return 128 + signal.SIGTERM  # it died before the kernel was asked
    heard = {*_ASKED, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)

    def free() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    try:
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=free)  # noqa: S603, PLW1509 - one thread
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - its only voice
        return 127
    status = _wait(child.pid, heard)
    _sweep()
    return status


def _wait(child: int, heard: set[signal.Signals]) -> int:
    """Until the command has ended. Asks it to when asked, and no longer asks after the grace."""
    asked = False
    while True:
        told = signal.sigtimedwait(heard, _GRACE_S) if asked else signal.sigwaitinfo(heard)
        if told is None:
            os.kill(child, signal.SIGKILL)
        elif told.si_signo in _ASKED and not asked:
            os.kill(child, signal.SIGTERM)
            asked = True
        while (ended := _reap()) is not None:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                return 128 - code if code < 0 else code


def _reap() -> tuple[int, int] | None:
    try:
        ended = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return ended if ended[0] else None


def _sweep() -> None:
    """Kill what the command left; each kill may bring the children of the killed home."""
    while left := Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
        for process in left:
            os.kill(int(process), signal.SIGKILL)
        os.waitpid(-1, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
