"""Which key pairs to offer to a host, in which order, and why the others were not.

Key pairs only: no password, keyboard-interactive or GSSAPI login exists in tai. Order: `-i`, then ~/.ssh/id_ed25519 and
~/.ssh/id_rsa, then what ssh's configuration names, then what else the agent holds. IdentitiesOnly keeps the agent's
other keys back, and the two defaults too where an IdentityFile was configured. A key that the agent holds is signed by
the agent; an encrypted one that it does not hold is offered by its public half, and the passphrase is asked for only
when the host has said that it would accept that key, as in ssh.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from tai.transport.base import Target
from tai.transport.ssh import terminal
from tai.transport.ssh.home import home
from tai.transport.ssh.identity import Identity, read_identity
from tai.transport.ssh.loader import asyncssh
from tai.transport.ssh.settings import Effective

_AGENT_S = 5.0  # listing keys is instant; a forwarded agent whose far end is gone never answers


_Answer = TypeVar("_Answer")


class WhileAsking(Protocol):
    """Awaits the answer to a prompt with the login's clock stopped, because people take their time to type."""

    async def __call__(self, answer: Awaitable[_Answer], /) -> _Answer: ...


@dataclass(slots=True)
class Offer:
    """pairs: to be tried in this order. unused: `FILE: reason` for each key that cannot be; grows while logging in."""

    pairs: list[asyncssh.SSHKeyPair] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


class KeyRing:
    """The keys of one run. A passphrase is asked for once; what it unlocked serves every hop and host.

    asking: entered while the question is on the terminal, so that nothing else is drawn there.
    """

    def __init__(self, asking: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._asking = asking
        self._unlocked: dict[Path, asyncssh.SSHKey] = {}
        self._asked: Path | None = None
        self._turn = asyncio.Lock()  # many hosts at once still ask once

    async def offer(
        self,
        target: Target,
        settings: Effective,
        agent: asyncssh.SSHAgentClient | None,
        while_asking: WhileAsking,
    ) -> Offer:
        """Gather the key pairs for one hop.

        agent: the agent's client, None when there is none to use.
        """
        offer = Offer()
        held = await _held(agent, offer)
        offered: set[bytes] = set()
        certificates = [*_certificates(settings.certificate_files, offer)]
        for file, is_wanted in candidates(target, settings):
            identity = read_identity(file)
            if identity is None:
                if is_wanted:
                    offer.unused.append(f"{file}: there is no such file")
                continue
            if identity.public is not None and identity.public.public_data in offered:
                continue
            pairs = await self._pairs(identity, held, certificates, offer, while_asking)
            offer.pairs += pairs
            offered.update(pair.key_public_data for pair in pairs)
        if not settings.identities_only:
            offer.pairs += [pair for blob, pair in held.items() if blob not in offered and _is_strong(pair)]
        return offer

    async def _pairs(
        self,
        identity: Identity,
        held: dict[bytes, asyncssh.SSHKeyPair],
        certificates: Sequence[asyncssh.SSHCertificate],
        offer: Offer,
        while_asking: WhileAsking,
    ) -> list[asyncssh.SSHKeyPair]:
        """The pairs of one key file: with its certificate first, where it has one."""
        public = identity.public
        fitting = [c for c in (*identity.certificates, *certificates) if public and c.key == public]
        by_agent = held.get(public.public_data) if public is not None else None
        if by_agent is not None:
            return [*(_certified(by_agent, c) for c in fitting), by_agent]
        if identity.problem:
            offer.unused.append(f"{identity.file}: {identity.problem}")
            return []
        key = identity.key or self._unlocked.get(identity.file)
        if key is not None:
            return list(asyncssh.load_keypairs([key], certlist=fitting))
        if public is None:
            offer.unused.append(
                f"{identity.file}: it is encrypted and {identity.file}.pub is not there, so it can only be used "
                f"through the agent: ssh-add {identity.file}"
            )
            return []
        # While another host's login asks for this very file, its answer is waited for.
        asked = self._asked is not None and not (self._turn.locked() and self._asked == identity.file)
        if asked or not terminal.has_terminal():
            reason = "one passphrase is asked for at most" if asked else "there is no terminal to ask on"
            offer.unused.append(
                f"{identity.file}: it is encrypted, the agent does not hold it, and {reason}: ssh-add {identity.file}"
            )
            return []

        async def unlock() -> asyncssh.SSHKey:
            return await self._unlock(identity, offer, while_asking)

        return [*(LockedPair(public, unlock, c) for c in fitting), LockedPair(public, unlock)]

    async def _unlock(self, identity: Identity, offer: Offer, while_asking: WhileAsking) -> asyncssh.SSHKey:
        """Ask for the passphrase. ValueError when it is wrong: asyncssh then goes on to the next key."""
        return await while_asking(self._unlocked_or_asked(identity, offer))

    async def _unlocked_or_asked(self, identity: Identity, offer: Offer) -> asyncssh.SSHKey:
        async with self._turn:
            if identity.file in self._unlocked:
                return self._unlocked[identity.file]
            if self._asked is not None:
                raise ValueError("a passphrase was asked for already")
            self._asked = identity.file
            return await self._typed(identity, offer)

    async def _typed(self, identity: Identity, offer: Offer) -> asyncssh.SSHKey:
        try:
            with self._asking():
                passphrase = await terminal.ask(f"Passphrase for {identity.file}: ")
            key = asyncssh.import_private_key(identity.data, passphrase)
        except ValueError as error:
            offer.unused.append(f"{identity.file}: it could not be unlocked ({error})")
            raise
        self._unlocked[identity.file] = key
        return key


class LockedPair(asyncssh.SSHKeyPair):
    """A key pair of which only the public half is known yet. `unlock` is awaited when a signature is wanted."""

    _key_type = "local"

    def __init__(
        self,
        public: asyncssh.SSHKey,
        unlock: Callable[[], Awaitable[asyncssh.SSHKey]],
        certificate: asyncssh.SSHCertificate | None = None,
    ) -> None:
        super().__init__(
            public.algorithm,
            public.algorithm,
            public.sig_algorithms,
            public.sig_algorithms,
            public.public_data,
            None,
            certificate,
        )
        self._unlock = unlock

    async def sign_async(self, data: bytes) -> bytes:
        """Sign with the private key; raises ValueError when it stays locked."""
        key = await self._unlock()
        return key.sign(data, self.sig_algorithm)


def candidates(target: Target, settings: Effective) -> Iterable[tuple[Path, bool]]:
    """Key files in the order in which they count, each once; with whether somebody asked for that file by name."""
    configured = settings.identity_files if settings.configured_identities else ()
    names_all = settings.configured_identities and settings.identities_only
    defaults = () if names_all else (home() / ".ssh" / "id_ed25519", home() / ".ssh" / "id_rsa")
    wanted: dict[Path, bool] = {}
    for file in (*target.identity_files, *defaults, *settings.identity_files):
        wanted.setdefault(file, file in target.identity_files or file in configured)
    return wanted.items()


async def _held(agent: asyncssh.SSHAgentClient | None, offer: Offer) -> dict[bytes, asyncssh.SSHKeyPair]:
    """The agent's pairs by public blob."""
    if agent is None:
        return {}
    try:
        async with asyncio.timeout(_AGENT_S):
            return {pair.key_public_data: pair for pair in await agent.get_keys()}
    except TimeoutError:
        offer.unused.append(f"the agent did not answer within {_AGENT_S:g} s")
    except ValueError as error:
        offer.unused.append(f"the agent cannot be used ({error})")
    return {}


def _certificates(files: Iterable[Path], offer: Offer) -> Iterable[asyncssh.SSHCertificate]:
    for file in files:
        try:
            yield asyncssh.read_certificate(file)
        except (OSError, ValueError) as error:
            offer.unused.append(f"{file}: it is not a certificate that can be read ({error})")


def _certified(pair: asyncssh.SSHKeyPair, certificate: asyncssh.SSHCertificate) -> asyncssh.SSHKeyPair:
    twin = copy.copy(pair)  # same agent, same key
    twin.set_certificate(certificate)
    return twin


def _is_strong(pair: asyncssh.SSHKeyPair) -> bool:
    return not pair.algorithm.startswith(b"ssh-dss")
