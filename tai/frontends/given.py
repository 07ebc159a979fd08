"""What the user hands over on the command line: the ticket and attachments, read with bounds and clear errors.

Not parsing (`tai.ticket`) and not cleaning (`tai.text`): bytes in, text out. A ticket that cannot be read whole is an
error with exit 2, never a silent cut, because the line that matters may be the one that was cut.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from tai.errors import InputError
from tai.model import Attachment

STDIN = Path("-")


def read_ticket(path: Path | None, *, max_bytes: int) -> str:
    """The ticket's text. path: a file, `-` for standard input; None reads standard input too, with a hint on a terminal.

    Raises InputError when it is missing, unreadable, empty, larger than `max_bytes`, or not UTF-8.
    """
    if path is None or path == STDIN:
        if sys.stdin is None:
            raise InputError("there is no ticket: give one with --ticket FILE")
        if sys.stdin.isatty():
            sys.stderr.write("Paste the ticket, then press Ctrl-D on a line of its own.\n")
            sys.stderr.flush()
        raw, name = sys.stdin.buffer.read(max_bytes + 1), "the ticket on standard input"
    else:
        raw, name = _read(path, max_bytes, f"the ticket {path}"), f"the ticket {path}"
    text = _decode(raw, name, max_bytes)
    if not text.strip():
        raise InputError(f"{name} is empty; write at least what is wrong, and since when")
    return text


def piped_ticket(*, max_bytes: int) -> str:
    """The ticket that was piped in without being asked for, '' when there is none: on a terminal, a socket or /dev/null nobody waits.

    Raises InputError when it is larger than `max_bytes`, or not UTF-8.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # closed, or none at all
        return ""
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode)):
        return ""
    text = _decode(sys.stdin.buffer.read(max_bytes + 1), "the ticket on standard input", max_bytes)
    return text if text.strip() else ""


def read_attachment(given: str, *, max_bytes: int) -> Attachment:
    """`LABEL=FILE`, split at the last equals sign. LABEL is the command that printed the file, or a path on the host; FILE may be
    `-` for standard input.
    """
    label, equals, file = given.rpartition("=")
    if not equals or not label.strip() or not file:
        raise InputError(f"--attach takes LABEL=FILE, such as --attach 'df -h=df.txt', not {given!r}")
    name = f"the attachment {file}"
    if Path(file) == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError(f"--attach {given!r} reads standard input, and nothing is piped into tai")
        raw = sys.stdin.buffer.read(max_bytes + 1)
        return Attachment(
            label=label.strip(), text=_decode(raw, "the attachment on standard input", max_bytes)
        )
    return Attachment(label=label.strip(), text=_decode(_read(Path(file), max_bytes, name), name, max_bytes))


def _read(path: Path, max_bytes: int, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None


def _decode(raw: bytes, name: str, max_bytes: int) -> str:
    if len(raw) > max_bytes:
        raise InputError(
            f"{name} is larger than {max_bytes / 2**20:.0f} MB. Give the symptom as the ticket, and logs with "
            "--attach 'COMMAND=FILE'; the limits are max_ticket_bytes and max_attachment_bytes"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name} is not UTF-8 text: byte 0x{raw[error.start]:02x} in line {line}. "
            "Convert it first, for example with: iconv -f LATIN1 -t UTF-8"
        ) from None
