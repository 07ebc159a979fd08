"""The session's record on disk: one NDJSON line per event, each chained to the one before it by its digest.

Not a log for debugging and not a cache: it is what tai can be held to afterwards. A line that was changed, removed or
put in breaks the chain at that place (`verify`); cutting off the end does not show, since nothing outside knows the
last digest. Before a command's bytes leave, the collector waits for `on_disk`: many lines, one sync.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from tai.errors import InputError
from tai.events import SessionEnded, Stamped, encode

FILE_NAME = "events.ndjson"


class Record:
    """A sink that appends to `folder/events.ndjson` (mode 0600, in a folder of mode 0700).

    Raises InputError when the folder cannot be made or written: tai does not go on without a record.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._chain = ""
        self._written = self._synced = 0  # lines
        self._sync = asyncio.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        except OSError as error:
            raise InputError(
                f"cannot record the session in {folder}: {error.strerror}. tai sends nothing that it cannot record; "
                "set TAI_STATE_DIR to a folder that you can write"
            ) from None

    def __call__(self, stamped: Stamped) -> None:
        """Append one event; a short write is finished, a full disk raises InputError."""
        line = encode(stamped)
        self._chain = _link(self._chain, line)
        # The digest goes last inside the object, so that a line is still one plain event to any JSON reader.
        data = memoryview(f'{line[:-1]},"chain":"{self._chain}"}}\n'.encode())
        try:
            while data:
                data = data[os.write(self._file, data) :]
            self._written += 1
            if isinstance(stamped.event, SessionEnded):
                os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from None

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


def verify(lines: Iterable[str]) -> int | None:
    """The number, from 1, of the first line whose chain does not fit; None when all of them do."""
    chain = ""
    for number, line in enumerate(lines, start=1):
        body, mark, digest = line.rstrip("\n").rpartition(',"chain":"')
        try:
            intact = bool(mark) and json.loads(line)["chain"] == digest.removesuffix('"}')
        except (ValueError, KeyError, TypeError):
            intact = False
        chain = _link(chain, body + "}")
        if not intact or chain != digest.removesuffix('"}'):
            return number
    return None


def _link(chain: str, line: str) -> str:
    return hashlib.sha256(f"{chain}\n{line}".encode()).hexdigest()
