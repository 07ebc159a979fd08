"""Whether a server can listen where it is told to, and who does where it cannot. Linux: /proc names the holder."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from tai.errors import InputError
from tai.serving.command import Where


def check_free(where: Where) -> None:
    """Raises InputError when the place is taken or cannot be had. A socket file that nobody listens on is taken away."""
    if where.socket:
        _check_socket(where.socket)
        return
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            where.host, where.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise InputError(
                f"Nothing can listen on {where.host} port {where.port}: {error.strerror}."
            ) from None
        raise InputError(
            f"Port {where.port} on {where.host} is taken by {_holder(where.port)}. Choose another with --port, use --uds, or "
            "stop what holds it; if that is a model server, set model_url to it instead."
        ) from None


def _check_socket(file: Path) -> None:
    try:
        kind = file.stat().st_mode
    except FileNotFoundError:
        if not os.access(file.parent, os.W_OK | os.X_OK):
            raise InputError(f"{file.parent} is no folder that you can write to.") from None
        return
    if not stat.S_ISSOCK(kind):
        raise InputError(f"{file} is there and is no socket; it is left alone.")
    with socket.socket(socket.AF_UNIX) as tried:
        if tried.connect_ex(str(file)) == 0:
            raise InputError(f"A server listens on {file} already; set model_url to unix:{file} to use it.")
    file.unlink()


def _holder(port: int) -> str:
    """`pid 4711 (python3)`, or what is known where the holder is another user's."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(file.readlink()) in sockets for file in (process / "fd").iterdir()):
                return f"process {process.name} ({(process / 'comm').read_text(encoding='utf-8').strip()})"
    return "another user's process"


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on this port, from /proc/net/tcp (proc(5))."""
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found
