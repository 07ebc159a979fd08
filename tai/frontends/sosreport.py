"""`tai diagnose --sosreport` and `tai collect --sosreport`: a report in place of a host, and its date in place of now.

Everything else is as for a host (`tai.frontends.shell`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tai.errors import InputError
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.engine.gather import Connect
    from tai.frontends.flags import Flags
    from tai.settings import Settings
    from tai.transport.sosreport import SosreportConnection


def reading(
    flags: Flags, chosen: Settings, run: Callable[[Flags, Target, Connect], int], *, hosts: bool = True
) -> int:
    """Open the report of the flags, do `run` with flags, target and way to connect, and close it again.

    hosts: whether the words of the command line would be hosts, which do not go with a report.
    Raises InputError for what is no report.
    """
    from tai.transport.sosreport import Bounds, opened  # noqa: PLC0415 - where a report is read only

    if flags.sosreport is None:
        raise InputError("--sosreport needs a folder or an archive")
    if flags.no_host or (hosts and flags.hosts):
        given = flags.hosts[0] if flags.hosts else "--no-host"
        raise InputError(f"--sosreport reads a report in place of a host; leave out {given}")
    if flags.paths:
        raise InputError("--path lists files on a host; a sosreport has only what was copied into it")
    bounds = Bounds(
        chosen.sosreport_max_files,
        chosen.sosreport_max_bytes,
        chosen.sosreport_max_ratio,
        chosen.sosreport_timeout,
    )
    report = opened(flags.sosreport, bounds)

    async def connect(target: Target, tell: Callable[[str], None]) -> SosreportConnection:
        del target, tell
        return report

    try:
        return run(replace(flags, now=report.made), Target(name=report.host.name), connect)
    finally:
        report.remove()
