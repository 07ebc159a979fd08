"""All SSH of one run of tai: hosts are reached through one `Dialer`, which shares what they have in common.

Shared are the links to jump hosts (one login each, however many hosts lie behind), the keys with the one passphrase that
may have been asked for, and the limits. Hosts that share nothing still share the politeness towards one server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh.connection import SSHConnection
from tai.transport.ssh.failures import for_host
from tai.transport.ssh.keys import KeyRing
from tai.transport.ssh.login import Login, Watch, nobody_watches
from tai.transport.ssh.probe import describe, probe
from tai.transport.ssh.resolve import resolve
from tai.transport.ssh.settings import Effective
from tai.transport.ssh.way import Lease, Link, Links, Way


class Dialer:
    """known_hosts: the only known_hosts file, at every hop, in place of those that ssh's configuration names.

    proxy_command: whether the user allows the ProxyCommand of the host, or hop, of this name. watch: gets each step of
    each login. asking: entered while a passphrase is asked for.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        known_hosts: Path | None = None,
        proxy_command: Callable[[str], bool] = lambda host: False,  # noqa: ARG005
        watch: Watch | None = None,
        asking: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._limits = limits
        self._known_hosts = known_hosts
        self._proxy_command = proxy_command
        self._watch = watch or nobody_watches
        self._links = Links()
        self._ring = KeyRing(asking)
        self._turns: dict[tuple[str, int], asyncio.Semaphore] = {}

    async def connect(self, target: Target, report: Callable[[str], None]) -> SSHConnection:
        """Log in to a host, through its jump hosts if it has any, and ask it once what it is.

        report: gets a full line for what the user should know (a host key recorded on first contact, a host that turns
        logins away for now, a link that broke).
        Raises HostError naming host, hop, cause and remedy; HostKeyError when a hop cannot be trusted; InputError for a
        `target.jump` that is no jump list. Nothing stays open then, nor on cancellation.
        """
        way = await self._way(target, report)
        async with AsyncExitStack() as opened:
            opened.push_async_callback(way.close)
            again = partial(self._way, target, report)
            connection = SSHConnection(target.name, way, self._limits, again=again, report=report)
            opened.push_async_callback(connection.close)
            describe(connection, await probe(connection))
            opened.pop_all()  # the connection owns the way now
            return connection

    async def _way(self, target: Target, report: Callable[[str], None]) -> Way:
        hops = await resolve(target)
        if self._known_hosts is not None:
            hops = tuple(replace(hop, settings=_only(hop.settings, self._known_hosts)) for hop in hops)
        async with AsyncExitStack() as opened:
            leases: list[Lease] = []
            key: Hashable = target.identity_files
            for hop in hops:
                key = (hop.name, hop.settings, key)
                login = Login(
                    target,
                    hop,
                    leases[-1].link if leases else None,
                    limits=self._limits,
                    ring=self._ring,
                    report=report,
                    watch=self._watch,
                    allow_proxy_command=self._proxy_command(hop.name) or self._proxy_command(target.name),
                )
                lease = await self._lease(login, key)
                opened.push_async_callback(lease.close)
                leases.append(lease)
            opened.pop_all()
            return Way(tuple(leases))

    async def _lease(self, login: Login, key: Hashable) -> Lease:
        # One server that many of the hosts are at (a test set-up, a port-forwarding gateway) sees a few logins at a time.
        settings = login.hop.settings
        turn = self._turns.setdefault(
            (settings.hostname, settings.port), asyncio.Semaphore(self._limits.logins)
        )

        async def open_link() -> Link:
            async with turn:
                return await login.link()

        try:
            return await self._links.lease(key, open_link)
        except HostError as error:
            # It may have been another host's try that this one waited for.
            raise for_host(error, login.target.name) from error.__cause__


def _only(settings: Effective, known_hosts: Path) -> Effective:
    """The settings with one known_hosts file in place of the user's and the system's."""
    return replace(settings, known_hosts=(known_hosts,), global_known_hosts=())
