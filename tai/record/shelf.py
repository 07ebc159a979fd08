"""All the sessions of a user on disk: the newest first, found by a piece of their id, removed when they are old or many."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tai.errors import InputError
from tai.events import (
    Diagnosed,
    HostConnecting,
    SessionEnded,
    Stamped,
    TicketParsed,
    decode,
)
from tai.record.read import FILE_NAME

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4,}")
# The kind stands near the start of a line, behind the stamp: a list need not parse megabytes of evidence.
_KIND = re.compile(rb'.{0,160}?"kind":"(\w+)"')
_TELLING = frozenset({b"ticket_parsed", b"host_connecting", b"diagnosed", b"session_ended"})
_SEEN = b"observation_made"


@dataclass(frozen=True, slots=True)
class Shelved:
    """One session in a list. size: bytes of its folder; exit_code: None while it has not ended, or was cut off."""

    folder: Path
    began: datetime
    size: int
    running: bool
    host: str = ""
    ticket: str = ""
    outcome: str = ""
    cause: str = ""
    evidence: int = 0
    exit_code: int | None = None

    @property
    def id(self) -> str:
        """The session's id."""
        return self.folder.name

    @property
    def state(self) -> str:
        """`running`, the diagnosis' outcome, `cut off`, or how it ended else."""
        if self.running:
            return "running"
        if self.outcome:
            return self.outcome.replace("_", " ")
        match self.exit_code:
            case None:
                return "cut off"
            case 130:
                return "interrupted"
            case 0:
                return "evidence only" if self.evidence else "nothing"
            case _:
                return "failed"


class Shelf:
    """The folder that holds the sessions. It need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folders(self) -> list[Path]:
        """Every session's folder, the newest first."""
        try:
            names = [entry.name for entry in os.scandir(self._folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return [self._folder / name for name in sorted(filter(_ID.fullmatch, names), reverse=True)]

    def find(self, ref: str, *, but: str = "") -> Path:
        """The one session whose id begins with `ref` or ends in it; `last` is the newest. but: an id that does not count.

        Raises InputError for none, and for more than one with the newest of them.
        """
        all_ = [folder for folder in self.folders() if folder.name != but]
        if ref == "last":
            found = all_[:1]
        else:
            found = [each for each in all_ if each.name.startswith(ref) or each.name.endswith(f"-{ref}")]
        if len(found) == 1:
            return found[0]
        if not found:
            few = ", ".join(each.name for each in all_[:3])
            known = f"the newest are {few}" if few else f"there is none in {self._folder}"
            raise InputError(f"there is no session {ref!r}; {known} (tai sessions lists them)")
        named = ", ".join(each.name for each in found[:3])
        raise InputError(f"{ref!r} is the beginning of {len(found)} sessions: {named}; write more of it")

    def all(self) -> Iterator[Shelved]:
        """Every session, the newest first."""
        for folder in self.folders():
            yield shelved(folder)

    def remove(self, folder: Path) -> None:
        """Take a session away. Raises InputError when it is running or cannot be removed."""
        if _running(folder):
            raise InputError(f"the session {folder.name} is running; end it first")
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InputError(f"the session {folder.name} cannot be removed: {error.strerror}") from None

    def prune(self, *, days: int, most_bytes: int, now: datetime, keep: str = "") -> list[Path]:
        """Remove what is older than `days`, then the oldest of the rest until they are together no larger than `most_bytes`.

        0 switches a bound off. keep: an id that stays, as running sessions do. Returns what was removed.
        """
        removed: list[Path] = []
        total = 0
        for folder in self.folders():
            size = _size(folder)
            old = days > 0 and _began(folder) < now - timedelta(days=days)
            if not old and not 0 < most_bytes < total + size:
                total += size
                continue
            if folder.name == keep or _running(folder):
                total += size
                continue
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        return removed


def shelved(folder: Path) -> Shelved:
    """What a list says of one session. A record that cannot be read gives what its name tells."""
    host = ticket = outcome = cause = ""
    exit_code: int | None = None
    evidence = 0
    for stamped in _telling(folder):
        match stamped:
            case int():
                evidence += stamped
                exit_code = None
            case Stamped(event=TicketParsed(ticket=parsed)):
                ticket = next((line for line in map(str.strip, parsed.text.splitlines()) if line), "")
                host = host or ", ".join(parsed.hosts)
            case Stamped(event=HostConnecting(host=name)):
                host = name
            case Stamped(event=Diagnosed(diagnosis=diagnosis)):
                outcome, cause = diagnosis.outcome, diagnosis.cause
            case Stamped(event=SessionEnded(exit_code=code)):
                exit_code = code
            case _:
                pass
    return Shelved(
        folder,
        _began(folder),
        _size(folder),
        _running(folder),
        host=host,
        ticket=ticket,
        outcome=outcome,
        cause=cause,
        evidence=evidence,
        exit_code=exit_code,
    )


def _telling(folder: Path) -> Iterator[Stamped | int]:
    """The few events that a list needs, and a 1 for each observation."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            for line in file:
                kind = _KIND.match(line)
                if kind is None:
                    continue
                if kind[1] == _SEEN:
                    yield 1
                elif kind[1] in _TELLING:
                    try:
                        yield decode(line.decode())
                    except (ValueError, KeyError):
                        continue
    except OSError:
        return


def _began(folder: Path) -> datetime:
    return datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - thousands of files, and only sizes
            except OSError:
                continue
    return total


def _running(folder: Path) -> bool:
    """Whether a tai holds the lock of its record (`tai.record.append`)."""
    try:
        file = os.open(folder / FILE_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
