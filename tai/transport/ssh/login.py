"""Logging in to one hop: host keys on record, key pairs, connection, authentication; with a clock on each.

Not the chain of hops, nor what they share (`tai.transport.ssh.dialer`). What fails says so with the hop's name
(`tai.transport.ssh.failures`), and everything opened before is closed.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from tai.errors import HostError
from tai.transport.base import Limits, Target
from tai.transport.ssh.algorithms import propose
from tai.transport.ssh.client import Client, Stage
from tai.transport.ssh.failures import FOREIGN, Attempt, explain, proxy_command_refused
from tai.transport.ssh.hostkey import HostKeyCheck
from tai.transport.ssh.keys import KeyRing, Offer
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.resolve import Hop
from tai.transport.ssh.way import Link

_Answer = TypeVar("_Answer")

_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_FIRST_PAUSE_S = 0.25  # before the second try at a server that turns connections away; doubled each time
_LONGEST_PAUSE_S = 4.0

Watch = Callable[[Hop, Stage, str], None]
"""Gets each step of a login that is done: the hop, the step, and what there is to say of it."""


def nobody_watches(hop: Hop, stage: Stage, said: str) -> None:
    """For logins that nobody wants told step by step."""
    del hop, stage, said


@dataclass(frozen=True, slots=True)
class Login:
    """One hop to log in to. target: what the user asked for; through: the link to the hop before, None for the first."""

    target: Target
    hop: Hop
    through: Link | None
    limits: Limits
    ring: KeyRing
    report: Callable[[str], None]
    watch: Watch = nobody_watches
    allow_proxy_command: bool = False

    async def link(self) -> Link:
        """Log in. A server that turns connections away for now (MaxStartups) is asked again, ever more slowly.

        Raises HostError or HostKeyError, and leaves nothing open then.
        """
        if self.hop.settings.proxy_command and not self.allow_proxy_command:
            raise proxy_command_refused(self.target.name, self.hop)
        now = asyncio.get_running_loop().time
        give_up, pause = now() + self.limits.retry_s, _FIRST_PAUSE_S
        while True:
            try:
                return await self._once()
            except HostError as error:
                # Many clients that were turned away at once must not all come back at once.
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret hangs on it
                if not error.passing or now() + wait > give_up:
                    raise
                if pause == _FIRST_PAUSE_S:
                    self.report(
                        f"{self.hop.name} turns connections away for now (MaxStartups?); trying again for up to "
                        f"{self.limits.retry_s:g} s"
                    )
                await asyncio.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _once(self) -> Link:
        hop, settings, login_s = self.hop, self.hop.settings, self.limits.login_timeout_s
        connect_s = settings.connect_timeout_s or self.limits.connect_timeout_s
        before = self.through.hop if self.through else None
        attempt = Attempt(self.target.name, hop, before, connect_s=connect_s, login_s=login_s)
        check = HostKeyCheck(self.target.name, hop, self.report)
        agent = asyncssh.SSHAgentClient(settings.agent) if settings.agent else None
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as clock:

                async def while_asking(answer: Awaitable[_Answer], /) -> _Answer:
                    clock.reschedule(None)
                    try:
                        return await answer
                    finally:
                        clock.reschedule(now() + login_s)

                offer = await self.ring.offer(self.target, settings, agent, while_asking)
                client = Client(
                    check,
                    on_tcp=lambda: clock.reschedule(now() + login_s),
                    watch=lambda stage, said: self.watch(hop, stage, said),
                    has_keys=bool(offer.pairs),
                )
                attempt = replace(attempt, client=client, offered=len(offer.pairs), unused=offer.unused)
                clock.reschedule(now() + connect_s)
                connection = await self._connected(client, offer)
        except FOREIGN as error:
            raise explain(error, attempt) from error
        finally:
            if agent is not None:
                agent.close()
        return Link(hop, connection, client, check.warnings)

    async def _connected(self, client: Client, offer: Offer) -> asyncssh.SSHClientConnection:
        """asyncssh with every default that is wider than OpenSSH's, or than tai needs, turned off by name."""
        settings, check, through = self.hop.settings, client.check, self.through
        algorithms = propose(
            settings,
            self.target.name,
            self.hop.name,
            on_record=check.on_record.key_types,
            certified=bool(check.on_record.authorities),
        )
        return await asyncssh.connect(
            settings.hostname,
            settings.port,
            tunnel=through.connection if through else None,
            proxy_command=["/bin/sh", "-c", f"exec {settings.proxy_command}"]
            if settings.proxy_command
            else None,
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
            # Sparing bytes costs a sick host time: only where the user has said that the way is slow.
            compression_algs=["zlib@openssh.com", "none"] if settings.compression else ["none"],
            connect_timeout=None,  # both clocks are ours, to tell what was slow
            login_timeout=0,
            keepalive_interval=settings.keepalive_s or self.limits.keepalive_s,
            keepalive_count_max=settings.keepalive_count,
            utf8_decode_errors="replace",  # a hostile banner must not raise
            kex_algs=algorithms.kex_algs,
            encryption_algs=algorithms.encryption_algs,
            mac_algs=algorithms.mac_algs,
            server_host_key_algs=algorithms.server_host_key_algs,
            signature_algs=algorithms.signature_algs,
        )
