"""The session's record on disk: one NDJSON line per event, each chained to the one before it by its digest.

Not a log for debugging and not a cache: it is what tai can be held to afterwards. A line that was changed, removed or
put in breaks the chain at that place (`verify`); cutting off the end does not show, since nothing outside knows the
last digest. Before a command's bytes leave, the collector waits for `on_disk`: many lines, one sync.
"""

from __future__ import annotations

import asyncio
import fcntl
import gzip
import os
from pathlib import Path

from tai.errors import InputError
from tai.events import ObservationMade, SessionEnded, Stamped, encode
from tai.model import Observation
from tai.record.chain import link
from tai.record.read import FILE_NAME, Recorded, read

OUTPUTS = "outputs"
# The fastest level: a log shrinks to a tenth with it already, and the run does not wait.
_LEVEL = 1


class Record:
    """A sink that appends to `folder/events.ndjson` (mode 0600, in a folder of mode 0700), and keeps each output once more,
    compressed, as `folder/outputs/E7.gz`, for zless and zgrep. All of it is sanitised and redacted.

    While it is open, the file is locked (flock(2)), by which others see that the session is running.
    Raises InputError when the folder cannot be made or written: tai does not go on without a record.
    """

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        """again: go on with the record of a session that has ended or was cut off; `held` is then what it holds, and a last line
        that was never finished is cut off. Raises InputError when another tai has it open.
        """
        self.path = folder / FILE_NAME
        self.held: Recorded | None = None
        self._chain = ""
        self._written = self._synced = 0  # lines
        self._sync = asyncio.Lock()
        flags = os.O_WRONLY | os.O_APPEND
        try:
            if not again:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path, flags if again else flags | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise InputError(
                f"cannot record the session in {folder}: {error.strerror}. tai sends nothing that it cannot record; "
                "set TAI_STATE_DIR to a folder that you can write"
            ) from None
        locked = _lock(self._file)
        if again:
            try:
                self.held = self._taken_up(folder, locked=locked)
            except BaseException:
                self.close()
                raise
            self._chain = self.held.chain

    def _taken_up(self, folder: Path, *, locked: bool) -> Recorded:
        if not locked:
            raise InputError(
                f"the session {folder.name} is running; only one tai at a time can go on with it"
            )
        held = read(folder)
        try:
            os.ftruncate(self._file, held.whole)
        except OSError as error:
            raise self._unwritable(error) from None
        return held

    def __call__(self, stamped: Stamped) -> None:
        """Append one event; a short write is finished, a full disk raises InputError."""
        line = encode(stamped)
        self._chain = link(self._chain, line)
        # The digest goes last inside the object, so that a line is still one plain event to any JSON reader.
        data = memoryview(f'{line[:-1]},"chain":"{self._chain}"}}\n'.encode())
        try:
            while data:
                data = data[os.write(self._file, data) :]
            self._written += 1
            match stamped.event:
                case ObservationMade(observation=seen) if seen.text:
                    self._keep(seen)
                case SessionEnded():
                    os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from None

    def _keep(self, seen: Observation) -> None:
        folder = self.path.parent / OUTPUTS
        folder.mkdir(mode=0o700, exist_ok=True)
        # Whole or not at all: it gets its name when it is written.
        part = folder / f".{seen.id}.part"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - the mode
            file.write(gzip.compress(seen.text.encode(), _LEVEL, mtime=0))
        part.replace(folder / f"{seen.id}.gz")

    async def on_disk(self) -> None:
        """Wait until every line that was appended by now is on the disk. Those who wait together share one fsync(2).

        Raises InputError when the disk does not take it.
        """
        wanted = self._written
        async with self._sync:
            if self._synced >= wanted:
                return
            covered = self._written
            try:
                await asyncio.to_thread(os.fsync, self._file)
            except OSError as error:
                raise self._unwritable(error) from None
            self._synced = covered

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"cannot write the record {self.path}: {error.strerror}")

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(file: int) -> bool:
    """Whether the lock was had. A file system that knows no locks (some network ones) gives none, and that is no reason to stop."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
