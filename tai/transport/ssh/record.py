"""Adding a host's key to known_hosts on first contact: whole lines only, and one winner when two processes race.

ssh itself appends without a lock; a line of ours goes out in one write to a file opened for appending, so the two never
mix. Between tai processes there is a lock on the file itself: no other file appears in ~/.ssh.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tai.transport.ssh.known_hosts import KnownHosts, Names, Unknown, Verdict, line_for

_LOCK_WAIT_S = 5.0  # the lock is held for one read and one write; longer means that its holder is stopped


def record(
    file: Path, names: Names, key_type: str, key: bytes, *, hashed: bool, reread: Callable[[], KnownHosts]
) -> Verdict:
    """Add the key, unless the files now say something else about the host. Returns what they said under the lock.

    Unknown means that the line was written; any other verdict that another process was here first, and nothing was.
    reread: reads all known_hosts files again. Raises OSError when the file cannot be written.
    """
    if not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True)
    with _locked(file) as descriptor:
        verdict = reread().about(names).judge(key_type, key)
        if isinstance(verdict, Unknown):
            line = line_for(names.lookup, key_type, key, hashed=hashed)
            _append(descriptor, line)
        return verdict


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    written = os.write(descriptor, line)
    if written != len(line):
        # A full disk. Take the piece away again, unless ssh has appended behind it meanwhile.
        if os.fstat(descriptor).st_size == size + written:
            os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """An exclusive lock on the file that is at this path now: `ssh-keygen -R` puts a new file in its place."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, file, deadline)
            if _is_at(descriptor, file):
                yield descriptor
                return
        finally:
            os.close(descriptor)  # which also ends the lock


def _lock(descriptor: int, file: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(0, "another process holds its lock", str(file)) from None
            time.sleep(0.01)
        else:
            return


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        there = file.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
