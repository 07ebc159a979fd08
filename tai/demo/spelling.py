"""How a recorded command looks when it arrives at the server: the key under which its answer is found.

Not a second wire form: `tai.policy.wire.render` spells it, exactly as `tai.transport.run` has it spelled for a live host.
Only the seconds after `timeout` are left open, because a collector may ask with a tighter limit than the catalogue's.
"""

from __future__ import annotations

import re
from typing import Final

from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire, render

Key = tuple[str, bytes]
"""The text of the exec request, and what it expects on standard input (b'' for nothing)."""

_SECONDS: Final = re.compile(r"('timeout' (?:'-k' '\d+' |'-t' )?)'\d+'")


def key_of(wire: Wire) -> Key:
    """The key of a command as it was sent."""
    return _open(wire.command), _open((wire.stdin or b"").decode()).encode()


def key_for(argv: tuple[str, ...], sandbox: Sandbox) -> Key:
    """The key of a command as tai will send it to a host with this sandbox. Raises PolicyRefusal."""
    command = ReadOnlyCommand(argv)
    layers = sandbox.for_command(command.incompatible_layers, command.argv[0])
    return key_of(render(command.argv, layers, timeout_s=command.timeout_s))


def _open(text: str) -> str:
    return _SECONDS.sub(r"\1'*'", text, count=1)
