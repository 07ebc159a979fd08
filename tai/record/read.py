"""Reads a session's record back, as far as it goes: after `kill -9` the last line may be torn. Counterpart of `append`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tai.errors import InputError
from tai.events import Stamped, decode
from tai.record.chain import link, split

FILE_NAME = "events.ndjson"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a record holds.

    events: all that can be read. chain: the digest of the last line. broken: the first line, from 1, at which the chain does
    not hold, None when it does. unread: lines that are no events, such as those of a later tai. whole: bytes up to the end of
    the last finished line; torn: bytes behind it.
    """

    folder: Path
    events: tuple[Stamped, ...]
    chain: str
    broken: int | None
    unread: int
    whole: int
    torn: int

    @property
    def session(self) -> str:
        """The session's id."""
        return self.folder.name


def read(folder: Path) -> Recorded:
    """The record in a session's folder. Raises InputError when there is none or it cannot be read."""
    try:
        data = (folder / FILE_NAME).read_bytes()
    except OSError as error:
        raise InputError(f"the session {folder.name} cannot be read: {error.strerror}") from None
    whole = data.rfind(b"\n") + 1
    events: list[Stamped] = []
    chain, broken, unread = "", None, 0
    for number, raw in enumerate(data[:whole].split(b"\n")[:-1], start=1):
        line = raw.decode("utf-8", "replace")
        body, digest = split(line)
        expected = link(chain, body)
        if broken is None and (not digest or digest != expected):
            broken = number
        chain = (
            digest or expected
        )  # behind a break the chain is followed as it stands, so that a resumed session can go on
        try:
            events.append(decode(line))
        except (ValueError, KeyError, TypeError):
            unread += 1
    return Recorded(folder, tuple(events), chain, broken, unread, whole, len(data) - whole)
