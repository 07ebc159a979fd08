"""What `tai doctor HOST` finds: the way to the host, whether it can be trusted, and what it lets tai see and guard.

Every command goes the ordinary way, through the policy and into a record. sudo is never tried here: each try is logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

from tai import resources
from tai.bus import Sink
from tai.catalog import load_catalog
from tai.errors import HostError, TaiError
from tai.events import Stamped
from tai.frontends.assembly import build, new_session
from tai.frontends.doctor.line import Line
from tai.frontends.flags import Flags
from tai.frontends.login import ssh_connect
from tai.model import Facts
from tai.policy import catalogue
from tai.policy.sandbox import Sandbox
from tai.settings import Settings
from tai.transport.base import Connection, Target

_BASIC: Final = ("cat", "df", "ip", "journalctl", "ls", "ps", "ss", "tail")
# Groups that let an account read the system's journal (systemd-journald.service(8)); adm owns /var/log on Debian as well.
_JOURNAL_GROUPS: Final = ("systemd-journal", "adm", "wheel")
_REMEDIES: Final = {
    "timeout": "Install coreutils or busybox's timeout.",
    "leash": "Install util-linux (setpriv).",
    "fsize": "Install util-linux (prlimit).",
    "nnp": "Install util-linux (setpriv).",
    "caps": "Log in with an account that is not root's.",
    "landlock": "Nothing to do: newer distributions have it.",
    "nice": "Install coreutils.",
    "ionice": "Install util-linux.",
}
_LAYERS: Final = {
    "fsize": "write no byte into a file",
    "nnp": "gain no rights",
    "caps": "use none of root's rights but those to read",
    "landlock": "make, change and remove no file",
}
_CLOCK_S: Final = 60


async def look_at(flags: Flags, chosen: Settings, target: Target) -> AsyncIterator[Line]:
    """Go to the host step by step, hop by hop; the first step that fails is the last line."""
    from tai.frontends.doctor.way import Watched, look_up  # noqa: PLC0415 - brings asyncssh
    from tai.transport.ssh.resolve import resolve  # noqa: PLC0415

    try:
        hops = await resolve(target)
    except TaiError as error:
        yield Line("fail", "resolve", _cause(error), error.remedy if isinstance(error, HostError) else "")
        return
    yield Line("ok", "resolve", " → ".join(hop.label for hop in hops))
    for hop in hops:
        if hop.settings.not_honoured:
            said = ", ".join(hop.settings.not_honoured)
            yield Line("warn", "ssh config", f"{hop.name}: tai does not do what is set here: {said}")
    yield (named := await look_up(hops[0]))
    if named.verdict == "fail":
        return
    watched = Watched(hops)
    connect = ssh_connect(chosen, watch=watched)
    session, bus, close_record = new_session(chosen, _silence(), target)
    try:
        investigation = build(flags, chosen, session, bus=bus, connect=connect)
        login = asyncio.create_task(investigation.connect())
        try:
            async for line in watched.connect(login):
                yield line
            if login.exception() is not None:
                return
            connection = login.result()
            for line in _reached(connection):
                yield line
            (seen,) = await investigation.run_line("id")
            for line in _allowed(connection.host.facts, connection.host.user, seen.text):
                yield line
            yield _sudo(chosen, target, connection.host.facts)
        except TaiError as error:
            yield Line("fail", "privileges", _cause(error))
        finally:
            login.cancel()
            await asyncio.wait([login])
            await investigation.close()
    finally:
        close_record()


def _cause(error: TaiError) -> str:
    if not isinstance(error, HostError):
        return str(error)
    return error.cause if error.hop == error.host else f"at {error.hop}: {error.cause}"


def _silence() -> Sink:
    """The record alone takes the events; what there is to say is said by the lines."""

    def hear(stamped: Stamped) -> None:
        del stamped

    return hear


def _reached(connection: Connection) -> Iterator[Line]:
    facts = connection.host.facts
    for note in connection.notes:
        yield Line("warn", "ssh", note)
    yield Line("ok", "probe", f"{facts.os_name or 'an unknown system'}, kernel {facts.kernel}")
    yield from _clock(facts)
    yield from _sandbox(connection.sandbox)
    yield _tools(facts)


def _clock(facts: Facts) -> Iterator[Line]:
    offset = facts.clock_offset_s
    if offset is None:
        yield Line(
            "warn", "clock", "the host did not tell its time", "Give --since and --until in its own time."
        )
    elif abs(offset) >= _CLOCK_S:
        ahead = "ahead of" if offset > 0 else "behind"
        yield Line(
            "warn",
            "clock",
            f"{abs(offset):.0f} s {ahead} ours",
            "tai allows for it; the host's owner should know.",
        )
    else:
        yield Line("ok", "clock", f"within {abs(offset):.1f} s of ours")


def _sandbox(sandbox: Sandbox) -> Iterator[Line]:
    held = [_LAYERS[layer] for layer in sandbox.level.split("+") if layer in _LAYERS]
    guarded = (
        f"; the host's kernel lets them {', '.join(held)}" if held else "; nothing else holds on the host"
    )
    yield Line("ok", "sandbox", f"only commands of the read-only list{guarded} ({sandbox.level})")
    for layer, reason in sandbox.missing:
        yield Line("warn", "sandbox", f"without {layer}: {reason}", _REMEDIES.get(layer, ""))


def _tools(facts: Facts) -> Line:
    shipped = load_catalog([resources.folder("collectors")])
    used = {probe.argv[0] for probe in shipped.probes.values()}
    absent = sorted(used.difference(facts.tools))
    detail = f"{len(used) - len(absent)} of the {len(used)} programs that collectors use"
    detail += f"; not here: {', '.join(absent)}" if absent else ""
    if basic := [name for name in _BASIC if name not in facts.tools]:
        return Line("warn", "tools", detail, f"Without {', '.join(basic)} much stays unseen.")
    return Line("ok", "tools", detail)


def _allowed(facts: Facts, user: str, identity: str) -> Iterator[Line]:
    """identity: what id(1) printed."""
    if facts.euid == 0:
        yield Line(
            "warn",
            "privileges",
            "the login is root's; where the sandbox has the caps layer, only reading is left of that",
            "An account of its own in the groups systemd-journal and adm sees nearly as much, and can do less.",
        )
        return
    groups = [name for name in _JOURNAL_GROUPS if f"({name})" in identity.partition("groups=")[2]]
    if groups:
        yield Line("ok", "privileges", f"not root, in {', '.join(groups)}: the whole journal can be read")
    else:
        yield Line(
            "warn",
            "privileges",
            "not root, and in none of the groups that read the whole journal: only its own messages are seen",
            f"On the host, its owner: usermod -a -G systemd-journal,adm {user}",
        )


def _sudo(chosen: Settings, target: Target, facts: Facts) -> Line:
    marked = sum(1 for program in catalogue().programs.values() if program.sudo)
    if not chosen.host(target.name).sudo:
        return Line(
            "ok",
            "sudo",
            f'off. With [hosts."{target.name}"] sudo = true, {marked} reading programs would run with it; '
            "`tai policy sudoers` prints what to grant on the host",
        )
    if facts.euid == 0:
        return Line("ok", "sudo", "on in the config, and not needed: the login is root's")
    return Line(
        "ok",
        "sudo",
        f"on in the config, for {marked} reading programs; not tried here, because the host logs each try",
    )
