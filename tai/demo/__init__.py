"""`tai demo`: a recorded real incident, over real SSH on loopback. Nothing is faked past the server.

Policy, host key check, collectors, inspection, engine and rendering are those of any other host. `play` is an assembly
like `tai.frontends.shell`; what answers is `tai.demo.server`, what it answers `tai.demo.recording`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tai.resources import folder
from tai.transport.base import Limits, Target

if TYPE_CHECKING:
    from tai.demo.recording import Recording
    from tai.demo.server import DemoServer
    from tai.engine.investigate import Investigation
    from tai.frontends.flags import Flags
    from tai.transport.base import Connection

__all__ = ["play"]


def play(flags: Flags) -> int:
    """Diagnose the recorded incident; the exit status. flags: engine and output ones count, those of ssh do not.

    Raises ConfigError when the recording is not there or is not one.
    """
    from tai.demo.recording import load, ticket_text  # noqa: PLC0415 - pydantic and asyncssh only when it plays
    from tai.frontends.run import run  # noqa: PLC0415

    place = folder("demo") / "recording"
    recording, ticket = load(place), ticket_text(place)
    with tempfile.TemporaryDirectory(prefix="tai-demo-") as private:  # mode 0700
        stage = _Stage(recording, Path(private))

        async def work(investigation: Investigation) -> None:
            try:
                await investigation.diagnose(ticket)
            finally:
                await investigation.close()
                await stage.close()

        return run(
            replace(flags, recording=True),
            flags.settings(),
            work,
            target=Target(recording.host, recording.user),
            connect=stage.connect,
        )


class _Stage:
    """The server, started when the investigation connects."""

    def __init__(self, recording: Recording, private: Path) -> None:
        self._recording = recording
        self._private = private
        self._server: DemoServer | None = None

    async def connect(self, target: Target, report: Callable[[str], None]) -> Connection:
        """Log in to the recorded host: tai's own SSH client, with the run's own key and its own known_hosts file."""
        from tai.demo.server import serve  # noqa: PLC0415 - see play
        from tai.transport.ssh import connect  # noqa: PLC0415

        self._server = server = self._server or await serve(self._recording, self._private)
        here = Target(server.host, server.user, server.port, (server.key_file,), use_ssh_config=False)
        connection = await connect(here, Limits(), report=report, known_hosts=server.known_hosts_file)
        # Evidence is told by the name that the recorded host bore, and its own name is all that is changed.
        connection.host = connection.host.model_copy(update={"name": target.name})
        report(
            f"{target.name} is a recording of {self._recording.recorded_at:%Y-%m-%d %H:%M} UTC, "
            f"played by an SSH server of tai's own on {server.host} port {server.port}"
        )
        return connection

    async def close(self) -> None:
        """Stop the server, when it was started."""
        if self._server is not None:
            await self._server.close()
