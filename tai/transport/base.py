"""The seam between tai and a host: what a connection is, whatever carries it.

Implementations: `tai.transport.ssh` (asyncssh) and `tai.transport.replay` (recorded outputs). Nobody calls a
connection's `_execute` but `tai.transport.run`, which takes only a `ReadOnlyCommand`, and the SSH login's own probe, which
sends one constant (`tai.policy.sandbox.PROBE`). The linter holds that (private access), and the import contract holds
that only `tai.engine.collect` uses `tai.transport.run`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a `Target` is made before the first prompt is drawn, and needs none of these
    from tai.model import Host
    from tai.policy.sandbox import Sandbox
    from tai.policy.wire import Wire


@dataclass(frozen=True, slots=True)
class Target:
    """Where the user wants to go, as typed. None means: as ssh's configuration says.

    name: the host as typed (an alias of ssh_config is fine; `user@name` is already split).
    identity_files: `-i`, in order; they come before all others. jump: `-J`, None for the configuration's own.
    use_ssh_config: False for `--ignore-ssh-config`.
    """

    name: str
    user: str | None = None
    port: int | None = None
    identity_files: tuple[Path, ...] = ()
    jump: str | None = None
    use_ssh_config: bool = True


@dataclass(frozen=True, slots=True)
class Completed:
    """How one command on the host ended.

    exit: its exit status; None when unknown (killed, cut off, or the link broke), which never counts as success.
    signal: the signal's name without SIG when the server told one. stdout, stderr: bytes as the host sent them.
    truncated: the byte cap stopped it; timed_out: the clock did; disconnected: the link broke.
    note: how the answer came about, where that is not by running the command; '' where it is.
    """

    exit: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    signal: str = ""
    duration_s: float = 0.0
    truncated: bool = False
    timed_out: bool = False
    disconnected: str = ""
    note: str = ""


class Connection(ABC):
    """A host that tai is logged in to, probed once. Opened by an implementation's own `connect`.

    host: as reached, facts included. sandbox: the kernel layers that its commands can run under.
    mounts: its mount table (/proc/self/mountinfo) at login, '' when it is not known.
    notes: what the user should know about how it was reached (a line of known_hosts that was skipped). details: what
    only somebody who looks closely wants to know (a setting of ssh that is not honoured).
    """

    host: Host
    sandbox: Sandbox
    mounts: str = ""
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def is_broken(self) -> bool:
        """The link is gone, and the next command would get none."""
        return False

    @abstractmethod
    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        """Run one rendered command. Never raises for what the host did: that is in the result.

        timeout_s: wall clock on our side; max_bytes: cap on standard output (standard error has its own, smaller one).
        On cancellation it stops the remote command and re-raises.
        """

    @abstractmethod
    async def close(self) -> None:
        """End the session. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a connection. Seconds; channels: commands at once (OpenSSH allows 10 a connection by default).

    logins: at once to one server (OpenSSH begins to turn some away at 10, MaxStartups). retry_s: how long a server that
    turns connections away is asked again.
    """

    connect_timeout_s: float = 10.0
    login_timeout_s: float = 15.0
    channels: int = 8
    keepalive_s: float = 15.0
    logins: int = 6
    retry_s: float = 10.0
