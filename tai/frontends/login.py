"""How hosts are reached under the settings: over SSH. Not the login itself, which is `tai.transport.ssh`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from tai.settings import Settings
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.engine.gather import Connect
    from tai.transport import ssh
    from tai.transport.ssh.login import Watch


def ssh_connect(
    chosen: Settings,
    *,
    watch: Watch | None = None,
    asking: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Connect:
    """How hosts are reached: over SSH, with the limits of the settings. Hosts reached by the same one share jump hosts.

    watch: gets each step of each login. asking: entered while a passphrase is asked for on the terminal.
    """
    from tai.transport import ssh  # noqa: PLC0415 - see run
    from tai.transport.base import Limits  # noqa: PLC0415

    limits = Limits(chosen.connect_timeout, chosen.login_timeout, chosen.channels, retry_s=chosen.retry_time)
    dialer: ssh.Dialer | None = None

    async def connect(target: Target, report: Callable[[str], None]) -> ssh.SSHConnection:
        nonlocal dialer
        dialer = dialer or ssh.make_dialer(
            limits, proxy_command=lambda host: chosen.host(host).proxy_command, watch=watch, asking=asking
        )
        return await dialer.connect(target, report)

    return connect


def debug_ssh() -> None:
    """The SSH protocol on standard error, for --debug."""
    import logging  # noqa: PLC0415 - only for --debug

    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(name)s: %(message)s")
