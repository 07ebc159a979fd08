"""Hosts over SSH, as OpenSSH would reach them: key pairs only, every hop's host key checked, no terminal, no forwarding.

The way in: `resolve` (ssh -G) → `login` (per hop: `hostkey`, `keys`, `algorithms`) → `probe` → `connection`.
asyncssh is imported by the first call of `connect`, not by this package: it costs a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tai.transport.base import Limits, Target

if TYPE_CHECKING:
    from tai.transport.ssh.connection import SSHConnection

__all__ = ["connect"]


async def connect(
    target: Target, limits: Limits, *, report: Callable[[str], None], known_hosts: Path | None = None
) -> SSHConnection:
    """Log in to a host, through its jump hosts if it has any, and ask it once what it is.

    report: gets a full line for each host key that is recorded on first contact. known_hosts: the only known_hosts file,
    at every hop, in place of those that ssh's configuration names; it is made if absent.
    Raises HostError naming host, hop, cause and remedy; HostKeyError when a hop cannot be trusted; InputError for a
    `target.jump` that is no jump list. Nothing stays open then, nor on cancellation.
    """
    from tai.transport.ssh import login  # noqa: PLC0415 - see the module's docstring

    return await login.connect(target, limits, report=report, known_hosts=known_hosts)
