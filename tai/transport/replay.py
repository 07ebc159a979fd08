"""A host that only remembers: recorded outputs by canonical argv, for tests and for looking at an old incident again.

Not a server: `tai.demo` plays a recording over real SSH. Nothing runs here, so its sandbox holds no layer, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from tai.model import Host
from tai.policy.sandbox import Sandbox
from tai.policy.wire import Wire, render
from tai.transport.base import Completed, Connection

_NOT_RECORDED = 127  # what a shell says of a command that it does not find (POSIX XCU 2.8.2)


class ReplayConnection(Connection):
    """Answers from a recording. host: as it was recorded, facts included; outputs: by canonical argv.

    A command that is not in it ends with 127 and a message on standard error that says `not recorded`.
    """

    def __init__(self, host: Host, outputs: Mapping[tuple[str, ...], Completed]) -> None:
        self.host = host
        self.sandbox = Sandbox(missing=(("all", "this is a recording: nothing runs"),))
        self.notes = ("replayed from a recording",)
        # With no layer in front, not even a timeout, the text on the wire is a function of the argv alone.
        self._outputs = {_spelled(argv, self.sandbox): completed for argv, completed in outputs.items()}

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        del timeout_s
        recorded = self._outputs.get(wire)
        if recorded is None:
            return Completed(_NOT_RECORDED, stderr=f"tai: not recorded: {wire.command}\n".encode())
        if len(recorded.stdout) <= max_bytes:
            return recorded
        return Completed(None, recorded.stdout[:max_bytes], recorded.stderr, truncated=True)

    async def close(self) -> None:
        """Nothing is open."""


def _spelled(argv: tuple[str, ...], sandbox: Sandbox) -> Wire:
    return render(argv, sandbox, timeout_s=1)
