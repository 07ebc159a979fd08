"""From what the user typed to the chain of hops to log in to, as OpenSSH itself would go.

Not a reader of ssh_config: `ssh -G` is asked (`tai.transport.ssh.settings`), once for each hop, because it is the only
reader that never disagrees with ssh. Here the answers become hops.

ProxyJump as in ssh(1): `-J a,b` reaches b through a. The last jump host is itself resolved with the ones before it as
its jump list; the first one with whatever ProxyJump its own configuration names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tai.errors import HostError, InputError
from tai.transport.base import Target
from tai.transport.ssh.settings import Effective, effective

_LONGEST_CHAIN = 8  # more hops than any bastion set-up has; it only stops configurations that never end
_SPEC = re.compile(r"(?:(?P<user>.+)@)?(?P<host>\[[^]]+]|[^@:\[\]]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server to log in to.

    name: as the user or the configuration wrote it; settings: what ssh's configuration says about it.
    """

    name: str
    settings: Effective

    @property
    def label(self) -> str:
        """`user@name:port`."""
        return f"{self.settings.user}@{self.name}:{self.settings.port}"


async def resolve(target: Target) -> tuple[Hop, ...]:
    """The hops in the order in which they are logged in to; the last one is the target.

    Raises HostError when the configuration cannot be used for it (a loop, a ProxyCommand, an ssh that complains), and
    InputError when `target.jump` is not a jump list.
    """
    if target.jump is not None:
        for spec in _split(target.jump):
            parse_jump(spec)
    return await _chain(target, target.name, target.user, target.port, target.jump, trail=())


def parse_jump(spec: str) -> tuple[str | None, str, int | None]:
    """`[user@]host[:port]`, also as `ssh://…`, with IPv6 addresses in brackets → (user, host, port)."""
    match = _SPEC.fullmatch(spec.strip().removeprefix("ssh://").removesuffix("/"))
    if match is None or match["host"].startswith("-") or (match["user"] or "").startswith("-"):
        raise InputError(f"{spec!r} is not a jump host; write it as [user@]host[:port], several with commas")
    return match["user"], match["host"].strip("[]"), int(match["port"]) if match["port"] else None


async def _chain(
    target: Target, name: str, user: str | None, port: int | None, jump: str | None, *, trail: tuple[str, ...]
) -> tuple[Hop, ...]:
    spec = f"{user}@{name}" if user else name
    spec = f"{spec}:{port}" if port else spec
    if len(trail) >= _LONGEST_CHAIN or spec in trail:
        round_trip = " → ".join((*trail, spec))
        raise HostError(
            target.name,
            f"the jump hosts never end: {round_trip}",
            "Exclude the jump host from its own ProxyJump line in ssh's configuration, or give the way with -J.",
            hop=name,
        )
    settings = await effective(
        target.name, name, user=user, port=port, jump=jump, use_config=target.use_ssh_config
    )
    hop = Hop(name, settings)
    jumps = _split(settings.proxy_jump)
    if not jumps:
        return (hop,)
    *before, nearest = jumps
    try:
        jump_user, jump_host, jump_port = parse_jump(nearest)
    except InputError as error:
        raise HostError(
            target.name, f"ProxyJump: {error}", "Correct it in ssh's configuration.", hop=name
        ) from None
    way = await _chain(
        target, jump_host, jump_user, jump_port, ",".join(before) or None, trail=(*trail, spec)
    )
    return (*way, hop)


def _split(jump: str) -> list[str]:
    """A jump list's parts; `none` is an empty list, as in ssh_config(5)."""
    return [] if jump.strip().lower() in ("", "none") else jump.split(",")
