"""The only way from a command to a host. Import-linter lets `tai.engine.collect` in, and nobody else.

Not a decision: that was made when the `ReadOnlyCommand` was. Here it is made once more, on the argv itself, so that
an object forged behind the type checker's back is still refused.
"""

from __future__ import annotations

from tai.errors import PolicyRefusal
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import SUDO_EXEMPT, Sandbox
from tai.policy.wire import render
from tai.transport.base import Completed, Connection

# The remote `timeout` ends the command first; ours is a little later and only fires when the host or the link is gone.
_GRACE_S = 5.0


async def run(
    connection: Connection,
    command: ReadOnlyCommand,
    *,
    timeout_s: float | None = None,
    max_bytes: int | None = None,
    sudo: bool = False,
) -> Completed:
    """Send `command` over `connection` and wait for its end.

    timeout_s, max_bytes: tighter bounds than the catalogue's own; looser ones are cut down to the catalogue's.
    sudo: as `sudo -n -- /absolute/path …`, for a command that the catalogue marks for it.
    Raises PolicyRefusal, and sends nothing, when the command is not what the policy would make of it now.
    """
    checked = ReadOnlyCommand(command.argv)
    if checked != command:  # also when it is of another type, whatever the type checker was told
        raise PolicyRefusal("this is not a command that the policy made")
    seconds = min(timeout_s or checked.timeout_s, checked.timeout_s)
    size = min(max_bytes or checked.max_bytes, checked.max_bytes)
    if sudo and not checked.sudo_path:
        raise PolicyRefusal(f"{checked.argv[0]} is not marked for sudo in the catalogue")
    argv = (checked.sudo_path, *checked.argv[1:]) if sudo else checked.argv
    sandbox = sandbox_for(connection, checked, sudo=sudo)
    wire = render(argv, sandbox, timeout_s=seconds, sudo=sudo)
    return await connection._execute(wire, timeout_s=seconds + _GRACE_S, max_bytes=size)  # noqa: SLF001 - see base.py


def sandbox_for(connection: Connection, command: ReadOnlyCommand, *, sudo: bool = False) -> Sandbox:
    """The layers that `command` runs under on this host, with sudo or without; its `level` goes into the record."""
    exempt = command.incompatible_layers | (SUDO_EXEMPT if sudo else frozenset())
    return connection.sandbox.for_command(exempt, command.argv[0])
