"""Runs commands one after another and tells what they took: the measuring end of `tests.bench.ssh`.

    python -I -S measured.py WORDS.json RESULT.json

A process of its own, because Linux counts the memory of whoever starts a program as the program's own peak (`ru_maxrss`
goes through fork and exec): this one is small, 8 MB, and no peak below that can be told. It adopts what the commands leave in the
background, such as a connection kept open, and ends it after the clock has stopped: the next round starts without, and its
processor time counts.

WORDS.json: a list of commands, each a list of words. RESULT.json: statuses; seconds; cpu_s, of all processes together;
peak_mb, of the largest of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def _end_the_rest() -> None:
    """End the children that are left: by adoption also what the commands put into the background."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123 - pathlib would be a megabyte
            left = [int(pid) for pid in file.read().split()]
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def main() -> None:
    commands_file, result_file = sys.argv[1:]
    with open(commands_file) as file:  # noqa: PTH123
        commands: list[list[str]] = json.load(file)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    statuses = []
    started = time.monotonic()
    for words in commands:
        _, status = os.waitpid(os.posix_spawnp(words[0], words, os.environ), 0)
        statuses.append(os.waitstatus_to_exitcode(status))
    seconds = time.monotonic() - started
    _end_the_rest()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "statuses": statuses,
        "seconds": seconds,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }
    with open(result_file, "w") as file:  # noqa: PTH123
        json.dump(result, file)


if __name__ == "__main__":
    main()
