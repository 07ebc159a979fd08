"""Reading below a folder that somebody else has filled: no path and no link leads out of it.

Each component is opened by itself, relative to the folder before it and without following links (openat(2), O_NOFOLLOW);
links are followed here, an absolute one from the tree's own root, as a process in a chroot would. Only regular files
are read: opening a FIFO could wait for ever, and a device is not the report's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

# As the kernel's own limit (path_resolution(7)).
_MOST_LINKS = 40


class Tree:
    """A folder. Paths are absolute within it: `/etc/os-release`. Close it after use."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Safe to call twice."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def resolve(self, path: str) -> str:
        """Where a path leads, all links followed; what is not there is kept as it is spelled, as `realpath -m` does.

        Raises OSError for a ring of links.
        """
        done: list[str] = []
        todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                done = done[:-1]
                continue
            if part in ("", "."):
                continue
            target = self._link("/".join((*done, part)))
            if target is None:
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(f"too many links in {path}")
            if target.startswith("/"):
                done = []
            todo.extend(reversed(target.split("/")))
        return "/" + "/".join(done)

    def kind(self, path: str) -> str:
        """What lies at a resolved path, in stat(1)'s words (`regular file`, `directory`, …), '' when nothing does."""
        try:
            with self._opened(path, os.O_PATH) as handle:
                mode = os.fstat(handle).st_mode
                size = os.fstat(handle).st_size
        except OSError:
            return ""
        if stat.S_ISREG(mode):
            return "regular file" if size else "regular empty file"
        return "directory" if stat.S_ISDIR(mode) else "special file"

    def read(self, path: str, *, most: int, end: bool = False) -> bytes | None:
        """At most so many bytes from the start of a file, or from its end; None when there is no such regular file."""
        try:
            with self._opened(self.resolve(path), os.O_RDONLY | os.O_NONBLOCK) as handle:
                about = os.fstat(handle)
                if not stat.S_ISREG(about.st_mode):
                    return None
                if end and about.st_size > most:
                    os.lseek(handle, about.st_size - most, os.SEEK_SET)
                parts: list[bytes] = []
                left = most
                while left and (part := os.read(handle, min(left, 1 << 20))):
                    parts.append(part)
                    left -= len(part)
                return b"".join(parts)
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted; none when there is no such folder."""
        try:
            with self._opened(self.resolve(path), os.O_RDONLY | os.O_DIRECTORY) as handle:
                return sorted(os.listdir(handle))  # noqa: PTH208 - of a descriptor
        except OSError:
            return []

    def files(self, path: str, *, most: int) -> Iterator[str]:
        """The files below a folder, links as files, at most so many. Links to folders are not entered."""
        waiting = [path.rstrip("/")]
        while waiting and most > 0:
            folder = waiting.pop()
            for name in self.names(folder):
                inside = f"{folder}/{name}"
                most -= 1
                if most < 0:
                    return
                if self._link(inside) is None and self.kind(inside) == "directory":
                    waiting.append(inside)
                else:
                    yield inside

    def _link(self, path: str) -> str | None:
        folder, _, name = path.strip("/").rpartition("/")
        try:
            with self._opened(f"/{folder}", os.O_PATH | os.O_DIRECTORY) as handle:
                return os.readlink(name, dir_fd=handle)
        except OSError:
            return None

    def _opened(self, path: str, flags: int) -> _Handle:
        """A resolved path, opened component by component; a link on the way is an error."""
        parts = [part for part in path.split("/") if part]
        handle = os.dup(self._root)
        for n, part in enumerate(parts):
            last = n == len(parts) - 1
            mode = flags if last else os.O_PATH | os.O_DIRECTORY
            try:
                inner = os.open(part, mode | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        if not parts and not flags & os.O_PATH:
            root = os.open(".", flags | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = root
        return _Handle(handle)


class _Handle:
    """A descriptor that is closed at the end of a `with`."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __enter__(self) -> int:
        return self._handle

    def __exit__(self, *error: object) -> None:
        os.close(self._handle)
