"""What the user typed before, in a file of their own, with secrets masked. Not the record of a session."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.history import FileHistory

# A longer entry is a pasted ticket; the session's record holds it, and nobody searches for it with Ctrl-R.
_LONGEST = 16_384


class MaskedHistory(FileHistory):
    """History in `path`, mode 0600, in a folder of mode 0700. mask: what takes secrets out, also of what Up brings back.

    Nothing is kept by itself: prompt-toolkit offers an entry the moment Enter is pressed, when the redactor may still be
    on its way in from another thread; two threads importing one package at once can each meet it half made.
    A file that cannot be made or written is no reason to stop: the history then lasts as long as the process.
    """

    def __init__(self, path: Path, mask: Callable[[str], str]) -> None:
        self._mask = mask
        super().__init__(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            path.chmod(0o600)
        except OSError:
            pass

    def append_string(self, string: str) -> None:
        """Not yet: see `remember`."""

    def remember(self, entry: str) -> None:
        """Take in an entry that was sent, pasted blocks in full."""
        if entry.strip():
            super().append_string(self._mask(entry))

    def store_string(self, string: str) -> None:
        """Append a masked entry to the file."""
        if len(string) > _LONGEST:
            return
        try:
            super().store_string(string)
        except OSError:
            return
