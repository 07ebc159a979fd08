"""Paths on the host, looked at before a command reads them: where they really lead, what they are, and on what mount.

The policy has allowed the path as it is spelled (`tai.policy.paths`); a symbolic link can lead elsewhere, a FIFO never
ends, a dead NFS mount hangs. So each path is resolved by the host and passes the policy a second time. Not a sender:
`tai.engine.collect` passes its own in. Between this look and the read, a hostile host can still swap the file; the
policy bounds which names can be read, and the sandbox what reading can do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

from tai.engine.outcome import hung
from tai.errors import PolicyRefusal
from tai.policy import PathUse, ReadOnlyCommand, mount_guard, path_allowed
from tai.transport.base import Completed

Send = Callable[[ReadOnlyCommand], Awaitable[Completed]]

_MOUNTS = ReadOnlyCommand(["cat", "/proc/self/mountinfo"])
# As many operands as the catalogue allows one `realpath` or `stat`: a round's paths are seldom more.
_AT_ONCE = 32
# Where a look at many hangs, so many at a time are asked about, then each by itself.
_FEW = 10
# /proc/mounts and /proc/net lead to the process that looks, which is gone when the command reads: there, it is the command.
_OWN_PROCESS = re.compile(r"\A/proc/\d+/(?=mounts\Z|mountinfo\Z|net(?:/|\Z))")
_BY_THE_LOOKER = re.compile(r"/proc/(?!\d)|/etc/mtab\Z")
# How getopt of musl, glibc and busybox refuse an option.
_REFUSED = re.compile(rb"(?i)(?:invalid|unrecognized|unknown) option")
_REGULAR = ("regular file", "regular empty file")


class PathGuard:
    """What is known of one host's paths. `look` asks the host, `settle` decides; both may be called again.

    mounts: the host's mount table, '' to ask for it. Paths are looked at a few in each command, those side by side; who
    asks while another look is under way waits for it. `begin` starts a look before anybody waits for it.
    """

    def __init__(self, send: Send, *, mounts: str = "") -> None:
        self._send = send
        self._mounts: str | None = mounts or None
        self._leads_to: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._hung: set[str] = set()
        self._asked: set[str] = set()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._knows_m = True  # whether the host's realpath has not refused -m
        self._turn = asyncio.Lock()

    def begin(self, uses: Iterable[PathUse], group: asyncio.TaskGroup, deadline: float) -> None:
        """Ask about these now, in tasks of `group`: they are then first in line for a channel.

        Nothing is begun where the mounts are not known yet. deadline: by the event loop's clock. Never raises.
        """
        if self._mounts is None:
            return
        wanted = dict.fromkeys(use.path for use in uses)
        known = self._asked | self._under_way.keys()
        fresh = [path for path in wanted if path not in known and not self._on_remote_mount(path)]
        for batch in _batches(fresh, _AT_ONCE):
            self._under_way.update(dict.fromkeys(batch, group.create_task(self._ask_ahead(batch, deadline))))

    async def _ask_ahead(self, paths: list[str], deadline: float) -> None:
        try:
            with suppress(PolicyRefusal, TimeoutError):  # told by each command that meets it
                async with asyncio.timeout_at(deadline):
                    await self._ask(paths)
        finally:
            self._asked.update(path for path in paths if path in self._leads_to)
            for path in paths:
                self._under_way.pop(path, None)

    async def look(self, uses: Iterable[PathUse]) -> None:
        """Ask the host about the paths that are new, and about its mounts once.

        A path on a remote mount is asked nothing about: to resolve it could hang already.
        Raises PolicyRefusal when the host does not tell its mounts.
        """
        wanted = dict.fromkeys(use.path for use in uses)
        if not wanted:
            return
        if begun := {self._under_way[path] for path in wanted if path in self._under_way}:
            await asyncio.wait(begun)
        async with self._turn:
            if self._mounts is None:
                self._mounts = await self._mount_table()
            fresh = [path for path in wanted if path not in self._asked and not self._on_remote_mount(path)]
            await asyncio.gather(*(self._ask(batch) for batch in _batches(fresh, _AT_ONCE)))
            self._asked.update(path for path in fresh if path in self._leads_to)

    async def _ask(self, paths: list[str]) -> None:
        """Where these paths lead, and what stands there."""
        resolved = await self._resolved(paths)
        self._leads_to.update(resolved)
        there = [real for real in dict.fromkeys(resolved.values()) if _may_look(real)]
        there = [real for real in there if not self._on_remote_mount(real) and real not in self._kinds]
        if there:
            await self._stat(there)

    def settle(self, command: ReadOnlyCommand) -> ReadOnlyCommand:
        """The command with its paths as the host resolved them. Raises PolicyRefusal, saying why, when one must not be read."""
        resolved: dict[str, str] = {}
        for use in command.paths:
            if reason := mount_guard(use.path, self._mounts or ""):
                raise PolicyRefusal(reason)
            real = self._leads_to.get(use.path)
            if real is None:
                raise PolicyRefusal(f"the host could not say where {use.path} leads, so it is not read")
            path_allowed(real, use.kind)
            if reason := mount_guard(real, self._mounts or ""):
                raise PolicyRefusal(reason)
            self._check_kind(real, use)
            if _BY_THE_LOOKER.match(use.path):
                real = _OWN_PROCESS.sub("/proc/self/", real)
            if use.kind != "meta":  # `ls -l` and `readlink` are asked about the link itself
                resolved[use.path] = real
        if all(path == real for path, real in resolved.items()):
            return command
        return ReadOnlyCommand([resolved.get(word, word) for word in command.argv])

    def _check_kind(self, real: str, use: PathUse) -> None:
        kind = self._kinds.get(real)
        if kind is None and real in self._hung:
            raise PolicyRefusal(f"the host did not answer what {real} is, so it is not read")
        if kind is None:
            return  # it is not there; the command itself will say so in the host's words
        if use.kind in {"file", "cert"} and kind not in _REGULAR:
            raise PolicyRefusal(f"{real} is a {kind}, and only regular files are read")
        if use.kind == "dir" and kind != "directory":
            raise PolicyRefusal(f"{real} is a {kind}, not a directory")
        if use.kind == "any" and kind not in (*_REGULAR, "directory"):
            raise PolicyRefusal(f"{real} is a {kind}, and only regular files and directories are read")

    async def _mount_table(self) -> str:
        done = await self._send(_MOUNTS)
        table = done.stdout.decode("utf-8", "replace")
        if done.exit != 0 or not table.strip():
            raise PolicyRefusal(
                "the host's mount table (/proc/self/mountinfo) could not be read, and without it a path may lead "
                "to a dead network mount, so no path is read"
            )
        return table

    def _on_remote_mount(self, path: str) -> bool:
        return bool(mount_guard(path, self._mounts or ""))

    async def _resolved(self, paths: list[str]) -> dict[str, str]:
        if self._knows_m:
            done = await self._send(ReadOnlyCommand(["realpath", "-m", "--", *paths]))
            if hung(done):
                told = await asyncio.gather(*(self._resolved(few) for few in _fewer(paths)))
                return {path: real for each in told for path, real in each.items()}
            lines = done.stdout.decode("utf-8", "replace").splitlines()
            if done.exit == 0 and len(lines) == len(paths):
                return dict(zip(paths, lines, strict=True))
            # busybox 1.35 knows neither -m nor --, and takes both for names: it complains of them, exits 1, and prints
            # where the rest leads all the same, a line for each that it does not complain of.
            if (found := _told_apart(paths, done)) is not None:
                return found
            self._knows_m = not _REFUSED.search(done.stderr)
        # Later ones know options, and refuse -m at once. Without it, they too complain of each path that is not there.
        done = await self._send(ReadOnlyCommand(["realpath", "--", *paths]))
        if (found := _told_apart(paths, done)) is not None:
            return found
        # Lines that do not fit the paths: each is asked for by itself, and its own line is what counts.
        answers = await asyncio.gather(
            *(self._send(ReadOnlyCommand(["realpath", "--", path])) for path in paths)
        )
        found = {}
        for path, answer in zip(paths, answers, strict=True):
            found |= _told_apart([path], answer) or {}
        return found

    async def _stat(self, paths: list[str]) -> None:
        done = await self._send(ReadOnlyCommand(["stat", "-L", "-c", "%F|%n", "--", *paths]))
        if hung(done):
            if len(paths) == 1:
                self._hung.update(paths)
            await asyncio.gather(*(self._stat(few) for few in _fewer(paths)))
            return
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            kind, _, name = line.partition("|")
            self._kinds[name] = kind


def _told_apart(paths: list[str], done: Completed) -> dict[str, str] | None:
    """Where busybox's realpath says that paths lead; None when its lines do not fit them. One that is not there is itself."""
    complaints = done.stderr.decode("utf-8", "replace").splitlines()
    refused = [path for path in paths if any(line.startswith(f"realpath: {path}: ") for line in complaints)]
    absent = [path for path in refused if f"realpath: {path}: No such file or directory" in complaints]
    there = [path for path in paths if path not in refused]
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if len(lines) != len(there) or not all(line.startswith("/") for line in lines):
        return None
    return dict(zip(there, lines, strict=True)) | {path: path for path in absent}


def _batches(paths: list[str], size: int) -> Iterator[list[str]]:
    for at in range(0, len(paths), size):
        yield paths[at : at + size]


def _fewer(paths: list[str]) -> Iterator[list[str]]:
    """Smaller groups of the same paths; none for a single one, which is what hangs."""
    return _batches(paths, _FEW if len(paths) > _FEW else 1) if len(paths) > 1 else iter(())


def _may_look(path: str) -> bool:
    try:
        path_allowed(path, "meta")
    except PolicyRefusal:
        return False
    return True
