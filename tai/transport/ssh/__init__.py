"""Hosts over SSH, as OpenSSH would reach them: key pairs only, every hop's host key checked, no terminal, no forwarding.

The way in: `dialer` (what hosts share) → `resolve` (ssh -G) → `login` (per hop: `hostkey`, `keys`, `algorithms`) → `way` →
`probe` → `connection`. asyncssh is imported by the first call here, not by this package: it costs a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tai.transport.base import Limits, Target

if TYPE_CHECKING:
    from tai.transport.ssh.connection import SSHConnection
    from tai.transport.ssh.dialer import Dialer
    from tai.transport.ssh.login import Watch

__all__ = ["Dialer", "SSHConnection", "connect", "make_dialer"]


def make_dialer(
    limits: Limits,
    *,
    known_hosts: Path | None = None,
    proxy_command: Callable[[str], bool] | None = None,
    watch: Watch | None = None,
    asking: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Dialer:
    """What all hosts of one run are reached through; see `tai.transport.ssh.dialer`."""
    from tai.transport.ssh.dialer import Dialer  # noqa: PLC0415 - see the module's docstring

    return Dialer(
        limits,
        known_hosts=known_hosts,
        proxy_command=proxy_command or (lambda _: False),
        watch=watch,
        asking=asking,
    )


async def connect(
    target: Target, limits: Limits, *, report: Callable[[str], None], known_hosts: Path | None = None
) -> SSHConnection:
    """Reach one host and nothing else: `Dialer.connect` on a dialer of its own."""
    return await make_dialer(limits, known_hosts=known_hosts).connect(target, report)
