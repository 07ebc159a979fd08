"""Walking the jump chain and logging in, hop by hop; then asking the host once what it is.

Each hop goes the same ladder: host keys on record, key pairs, connection, and only then the next one through it. What
fails says so with the hop's name (`tai.transport.ssh.failures`), and everything opened before is closed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tai.transport.base import Limits, Target
from tai.transport.ssh.algorithms import propose
from tai.transport.ssh.client import Client
from tai.transport.ssh.connection import Link, SSHConnection
from tai.transport.ssh.failures import FOREIGN, Attempt, explain
from tai.transport.ssh.hostkey import HostKeyCheck
from tai.transport.ssh.keys import KeyRing, Offer
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.probe import describe, probe
from tai.transport.ssh.resolve import Hop, resolve
from tai.transport.ssh.settings import Effective

_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}


async def connect(
    target: Target, limits: Limits, *, report: Callable[[str], None], known_hosts: Path | None = None
) -> SSHConnection:
    """See `tai.transport.ssh.connect`."""
    hops = await resolve(target)
    if known_hosts is not None:
        hops = tuple(replace(hop, settings=_only(hop.settings, known_hosts)) for hop in hops)
    walk = _Walk(target.name, limits, report, KeyRing(target))
    async with AsyncExitStack() as opened:
        links: list[Link] = []
        for hop in hops:
            link = await walk.open(hop, links[-1] if links else None)
            opened.push_async_callback(link.close)
            links.append(link)
        connection = SSHConnection(target.name, links, limits)
        describe(connection, await probe(connection))
        opened.pop_all()  # the connection owns the links now
        return connection


@dataclass(frozen=True, slots=True)
class _Walk:
    """What all hops of one login share. host: what the user asked for."""

    host: str
    limits: Limits
    report: Callable[[str], None]
    ring: KeyRing

    async def open(self, hop: Hop, through: Link | None) -> Link:
        """Log in to one hop. Raises HostError or HostKeyError, and leaves nothing open then."""
        settings, login_s = hop.settings, self.limits.login_timeout_s
        connect_s = settings.connect_timeout_s or self.limits.connect_timeout_s
        attempt = Attempt(
            self.host, hop, through.hop if through else None, connect_s=connect_s, login_s=login_s
        )
        check = HostKeyCheck(self.host, hop, self.report)
        agent = asyncssh.SSHAgentClient(settings.agent) if settings.agent else None
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as clock:

                async def while_asking(answer: Awaitable[str]) -> str:
                    clock.reschedule(None)
                    try:
                        return await answer
                    finally:
                        clock.reschedule(now() + login_s)

                offer = await self.ring.offer(settings, agent, while_asking)
                client = Client(check, on_tcp=lambda: clock.reschedule(now() + login_s))
                attempt = replace(attempt, client=client, offered=len(offer.pairs), unused=offer.unused)
                clock.reschedule(now() + connect_s)
                connection = await self._log_in(hop, through, client, offer)
        except FOREIGN as error:
            raise explain(error, attempt) from error
        finally:
            if agent is not None:
                agent.close()
        return Link(hop, connection, client, check.warnings)

    async def _log_in(
        self, hop: Hop, through: Link | None, client: Client, offer: Offer
    ) -> asyncssh.SSHClientConnection:
        """asyncssh with every default that is wider than OpenSSH's, or than tai needs, turned off by name."""
        settings, check = hop.settings, client.check
        algorithms = propose(
            settings,
            self.host,
            hop.name,
            on_record=check.on_record.key_types,
            certified=bool(check.on_record.authorities),
        )
        return await asyncssh.connect(
            settings.hostname,
            settings.port,
            tunnel=through.connection if through else None,
            family=_FAMILIES.get(settings.address_family, socket.AF_UNSPEC),
            local_addr=(settings.bind_address, 0) if settings.bind_address and not through else None,
            client_factory=lambda: client,
            config=None,  # ssh -G has been asked; asyncssh must not read the configuration once more
            username=settings.user,
            client_keys=offer.pairs or None,
            agent_path=None,  # its pairs are in the offer already, in our order
            agent_forwarding=False,
            x11_forwarding=False,
            gss_kex=False,
            gss_auth=False,
            host_based_auth=False,
            client_host_keysign=False,
            pkcs11_provider=None,
            disable_trivial_auth=True,
            known_hosts=check.trusted,
            host_key_alias=settings.host_key_alias or None,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            compression_algs=["none"],
            connect_timeout=None,  # both clocks are ours, to tell what was slow
            login_timeout=0,
            keepalive_interval=self.limits.keepalive_s,
            utf8_decode_errors="replace",  # a hostile banner must not raise
            kex_algs=algorithms.kex_algs,
            encryption_algs=algorithms.encryption_algs,
            mac_algs=algorithms.mac_algs,
            server_host_key_algs=algorithms.server_host_key_algs,
            signature_algs=algorithms.signature_algs,
        )


def _only(settings: Effective, known_hosts: Path) -> Effective:
    """The settings with one known_hosts file in place of the user's and the system's."""
    return replace(settings, known_hosts=(known_hosts,), global_known_hosts=())
