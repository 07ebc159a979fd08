"""A sosreport's archive → a private folder, without trusting a byte of it.

Read as a stream, once: decompressed in bounded pieces, with limits on files, bytes, ratio and time, so that an archive
that unfolds to much more than it is stops early. Only folders, regular files and symbolic links are made, each below the
folder, with rights for nobody but us. What an archive asks for otherwise is refused, or, where real reports have it
(devices, FIFOs), left out and told.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

from tai.errors import InputError

_PIECE = 1 << 18
# xz -9 wants 65 MiB to unpack (xz(1)); what wants more is not sos's work.
_LZMA_MEMORY = 128 * 2**20
# A member's headers: names and extended attributes. GNU tar's own longest name is a few KiB.
_HEADERS = 1 << 20
_MAGIC = (
    (b"\xfd7zXZ\0", "xz"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of unpacking. files: members; size: bytes unpacked; ratio: unpacked to packed; seconds: in all."""

    files: int = 200_000
    size: int = 4 * 2**30
    ratio: float = 200.0
    seconds: float = 300.0


def unpack(archive: Path, folder: Path, bounds: Bounds) -> tuple[str, ...]:
    """Unpack into `folder`, which exists, is empty and is ours. Returns notes: what was left out, a sentence each.

    Raises InputError, naming the archive and the member, for what is no archive, is damaged, leaves the folder or goes over
    a limit; what was made by then is in the folder, for the caller to remove.
    """
    try:
        with archive.open("rb") as packed:
            source = _Source(archive, packed, bounds)
            with tarfile.open(fileobj=cast("BinaryIO", source), mode="r|") as tar:
                return _Unpacking(archive, folder, bounds, source).all(tar)
    except tarfile.TarError as error:
        raise InputError(f"{archive}: not a tar archive, or a damaged one: {error}") from None
    except (lzma.LZMAError, zlib.error, EOFError) as error:
        raise InputError(f"{archive}: cannot be decompressed: {error}") from None
    except OSError as error:
        raise InputError(f"{archive}: {error.strerror or error}") from None


class _Unpacking:
    def __init__(self, archive: Path, folder: Path, bounds: Bounds, source: _Source) -> None:
        self._archive = archive
        self._folder = folder
        self._bounds = bounds
        self._source = source
        self._left_out: Counter[str] = Counter()
        self._written = 0

    def all(self, tar: tarfile.TarFile) -> tuple[str, ...]:
        count = 0
        while True:
            self._source.allow(_HEADERS)
            member = tar.next()
            if member is None:
                break
            tar.members = []  # type: ignore[attr-defined] # else tarfile keeps every header
            count += 1
            if count > self._bounds.files:
                self._refuse(
                    member.name, f"is one of more than {self._bounds.files:,} files (sosreport_max_files)"
                )
            self._one(tar, member)
        if not count:
            raise InputError(f"{self._archive}: not a tar archive, or an empty one")
        return tuple(
            f"{number} {what} in the archive {'was' if number == 1 else 'were'} not unpacked"
            for what, number in sorted(self._left_out.items())
        )

    def _one(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        parts = self._parts(member.name)
        if not parts:
            return
        if member.isdir():
            self._made(parts)
        elif member.issparse():
            self._left_out["sparse files"] += 1
        elif member.isreg():
            self._file(tar, member, parts)
        elif member.issym():
            self._symlink(member, parts)
        elif member.islnk():
            self._hard_link(member, parts)
        else:
            self._left_out["devices or FIFOs"] += 1

    def _parts(self, name: str) -> list[str]:
        if name.startswith("/"):
            self._refuse(name, "is an absolute name")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            self._refuse(name, "leads out of the archive with '..'")
        if "\0" in name or any(len(os.fsencode(part)) > 255 for part in parts):
            self._refuse(name[:100], "is no file name")
        return parts

    def _made(self, parts: list[str]) -> Path:
        """The folder of these parts, made where it is missing. A link where a folder should be is refused, not followed."""
        path = self._folder
        for part in parts:
            path /= part
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                self._refuse("/".join(parts), "lies below a link or a file of the archive")
            path.mkdir(mode=0o700, exist_ok=True)
        return path

    def _place(self, parts: list[str]) -> Path:
        place = self._made(parts[:-1]) / parts[-1]
        if place.is_symlink() or place.is_file():
            place.unlink()  # the later member counts, as for tar
        elif place.is_dir():
            self._refuse("/".join(parts), "is a folder and a file")
        return place

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, parts: list[str]) -> None:
        self._written += member.size
        if self._written > self._bounds.size:
            self._refuse(
                member.name, f"takes it over {self._bounds.size:,} bytes unpacked (sosreport_max_bytes)"
            )
        self._source.allow(member.size + _HEADERS)
        content = tar.extractfile(member)
        if content is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._place(parts), flags, 0o600), "wb") as out:
            while piece := content.read(_PIECE):
                out.write(piece)

    def _symlink(self, member: tarfile.TarInfo, parts: list[str]) -> None:
        # An absolute link means the host's own root, which is the report's here; `Tree` reads it so.
        if not member.linkname.startswith("/"):
            depth = len(parts) - 1
            for part in member.linkname.split("/"):
                depth += -1 if part == ".." else part not in ("", ".")
                if depth < 0:
                    self._refuse(member.name, f"is a link that leaves the archive: {member.linkname[:200]}")
        self._place(parts).symlink_to(member.linkname)

    def _hard_link(self, member: tarfile.TarInfo, parts: list[str]) -> None:
        target = self._folder.joinpath(*self._parts(member.linkname))
        place = self._place(parts)
        walked = self._folder
        for part in target.relative_to(self._folder).parts:
            walked /= part
            if walked.is_symlink():
                self._refuse(member.name, "is a hard link through a symbolic one")
        if not target.is_file():
            self._refuse(member.name, f"is a hard link to what is not there: {member.linkname[:200]}")
        os.link(target, place, follow_symlinks=False)

    def _refuse(self, name: str, why: str) -> NoReturn:
        raise InputError(f"{self._archive}: not unpacked: {name[:200]!r} {why}")


class _Decompressor(Protocol):
    eof: bool

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the interface of the other two."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Source(io.RawIOBase):
    """The archive decompressed, piece by piece. Raises InputError as soon as a limit is met."""

    def __init__(self, archive: Path, packed: BinaryIO, bounds: Bounds) -> None:
        self._archive = archive
        self._packed = packed
        self._bounds = bounds
        self._until = time.monotonic() + bounds.seconds
        head = packed.read(8)
        packed.seek(0)
        self._form = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
        if self._form == "zstd":
            raise InputError(f"{archive}: compressed with zstd; unpack it and give the folder")
        self._fresh: Callable[[], _Decompressor] | None = {
            "xz": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
            "bzip2": bz2.BZ2Decompressor,
            "gzip": _Gzip,
        }.get(self._form)  # type: ignore[assignment]
        self._inner = self._fresh() if self._fresh else None
        self._buffer = b""
        self._in = 0
        self._out = 0
        self._allowed = _HEADERS

    def allow(self, size: int) -> None:
        """So many bytes may be read until the next call: tarfile itself puts no bound to a header that claims to be huge."""
        self._allowed = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        wanted = _PIECE if size < 0 else size
        pieces: list[bytes] = []
        while wanted > 0 and (piece := self._next(min(wanted, _PIECE))):
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def _next(self, size: int) -> bytes:
        if time.monotonic() > self._until:
            raise InputError(
                f"{self._archive}: unpacking takes longer than {self._bounds.seconds:g} s (sosreport_timeout)"
            )
        piece = self._decompressed(size) if self._inner else self._packed.read(size)
        self._out += len(piece)
        self._allowed -= len(piece)
        if self._allowed < -2 * tarfile.RECORDSIZE:
            raise InputError(
                f"{self._archive}: not unpacked: the header of a file is larger than {_HEADERS:,} bytes"
            )
        # A small archive may well be mostly zeros; the ratio counts where it hurts.
        if self._inner and self._out > 64 * 2**20 and self._out > self._bounds.ratio * max(self._in, 1):
            raise InputError(
                f"{self._archive}: unfolds to more than {self._bounds.ratio:g} times its size (sosreport_max_ratio)"
            )
        if self._out > 2 * self._bounds.size:
            raise InputError(
                f"{self._archive}: more than {self._bounds.size:,} bytes unpacked (sosreport_max_bytes)"
            )
        return piece

    def _decompressed(self, size: int) -> bytes:
        while True:
            inner = self._inner
            assert inner is not None  # noqa: S101 - only called when there is one
            if inner.eof:
                # Another stream may follow (xz and gzip files can be joined).
                self._buffer = getattr(inner, "unused_data", b"") or self._packed.read(_PIECE)
                self._in += 0 if getattr(inner, "unused_data", b"") else len(self._buffer)
                if not self._buffer.strip(b"\0"):
                    return b""
                assert self._fresh is not None  # noqa: S101
                self._inner = self._fresh()
                continue
            if not self._buffer and getattr(inner, "needs_input", True):
                self._buffer = self._packed.read(_PIECE)
                self._in += len(self._buffer)
                if not self._buffer:
                    raise EOFError("it ends in the middle")
            data, self._buffer = self._buffer, b""
            if piece := inner.decompress(data, size):
                return piece
