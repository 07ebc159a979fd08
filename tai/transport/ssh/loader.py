"""asyncssh, imported without starting a single process. Every other module of this package takes it from here.

On import asyncssh looks for two optional C libraries, nettle (UMAC) and liboqs (sntrup761), by
`ctypes.util.find_library`, which on Linux runs ldconfig, then gcc and ld: 11 processes and a third of the import's time
on Debian 12 (`strace -f -e execve python -c 'import asyncssh'`). A diagnosis tool on a sick bastion has no business
starting a compiler, so the search answers "not there" while that one import runs.

Given up: UMAC and sntrup761. Every OpenSSH since 6.2 also has HMAC-SHA-2 and Curve25519; ML-KEM comes from cryptography.
"""

from __future__ import annotations

import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _no_library_search() -> Iterator[None]:
    """Make `find_library` answer None inside the block. Imports of other threads would see it too; they get no library."""
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the name is part of the replaced signature
    try:
        yield
    finally:
        ctypes.util.find_library = search


with _no_library_search():
    import asyncssh as asyncssh  # noqa: PLC0414 - the alias is what re-exports it under strict mypy
    from asyncssh import asn1, config, encryption, kex, mac, packet, public_key, saslprep

__all__ = ["asn1", "asyncssh", "config", "encryption", "kex", "mac", "packet", "public_key", "saslprep"]
