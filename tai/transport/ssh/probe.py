"""The one question that every host is asked after login: what are you, and what can you hold a command to?

The text of the probe and its reading are `tai.policy.sandbox`'s; here it is sent, timed and turned into facts.

A host whose answer does not even begin like the probe's runs something else than what it is told (a ForceCommand,
nologin, a restricted shell). Evidence from there would be attributed to commands that never ran, so tai stops.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tai.errors import HostError
from tai.model import Facts
from tai.policy.sandbox import PROBE, HostProbe, parse_probe
from tai.policy.wire import Wire
from tai.transport.base import Completed
from tai.transport.distributions import family
from tai.transport.ssh.connection import SSHConnection
from tai.transport.ssh.spoken import clean

_PROBE_S = 20.0  # a sick host may take its time; a healthy one answers in a tenth of a second
_FIRST_LINE = (
    b"tai-probe-begin\n"  # how the answer to PROBE begins; before it, only start-up files can have spoken
)
_PROBE_BYTES = 2**20  # about 4 KB and 200 bytes for each mount; login scripts may print before it


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and our own clock in the middle of the round trip (seconds since 1970)."""

    completed: Completed
    midway: float


async def probe(connection: SSHConnection) -> Answer:
    """Send the probe, in one round trip."""
    sent = time.time()
    completed = await connection._execute(Wire(PROBE), timeout_s=_PROBE_S, max_bytes=_PROBE_BYTES)  # noqa: SLF001 - the one text that is no catalogue command
    return Answer(completed, (sent + time.time()) / 2)


def describe(connection: SSHConnection, answer: Answer) -> None:
    """Fill in the connection's host facts and sandbox. Raises HostError when the host does not run what it is told."""
    completed = answer.completed
    text = completed.stdout.decode("utf-8", "replace")
    found = parse_probe(text)
    if not found.complete:
        raise _does_not_run_commands(connection, completed)
    connection.probe_output = completed.stdout
    connection.noise = completed.stdout.rpartition(_FIRST_LINE)[0]
    if connection.noise:
        said = clean(connection.noise.decode("utf-8", "replace"))
        connection.notes += (
            f"the account's start-up files print {said!r} before every output; tai takes that off again",
        )
    connection.sandbox = found.sandbox
    connection.mounts = found.mounts
    connection.host = connection.host.model_copy(update={"facts": facts(found, answer.midway)})


def facts(found: HostProbe, midway: float) -> Facts:
    """Facts from a probe. midway: our clock when the host read its own."""
    release = found.os_release
    # `date +%s` cuts the fraction off: on average the host's clock was half a second further.
    offset = None if found.now_epoch is None else round(found.now_epoch + 0.5 - midway, 1)
    return Facts(
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", "") or found.sysname,
        family=family(release.get("ID", ""), release.get("ID_LIKE", ""), found.ls),
        kernel=found.kernel,
        euid=found.euid,
        tools=tuple(sorted(found.tools)),
        clock_offset_s=offset,
        node=found.node,
        init=found.init,
        zone=found.zone,
        ls=found.ls,
    )


def _does_not_run_commands(connection: SSHConnection, completed: Completed) -> HostError:
    name = connection.host.name
    if completed.timed_out:
        return HostError(
            name,
            f"logged in, but the host did not answer within {_PROBE_S:g} s",
            "It may be overloaded, or its login scripts hang; try again, or log in by hand to see.",
        )
    if completed.disconnected:
        return HostError(
            name,
            f"logged in, but then the host ended the session: {completed.disconnected}",
            "The account may not be allowed to run commands; the host's sshd log tells why.",
        )
    said = clean((completed.stdout + b" " + completed.stderr).decode("utf-8", "replace"))
    return HostError(
        name,
        f"logged in, but the account does not run what it is told; it answered {said!r} (exit {completed.exit})",
        "A ForceCommand, a restricted shell or nologin does this; use an account that may run commands.",
    )
