"""All that tai can do to a host in one go: every collector, every probe, every command of the prompt. For the proof.

The ordinary path throughout: the plan, the policy, the path guard and the connection are those of `tai`; whatever would
ask first is answered with yes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher import LabHost

from tai.bus import Bus
from tai.catalog import load_catalog
from tai.commands import COMMANDS, Context, dispatch
from tai.engine.investigate import Investigation
from tai.engine.options import Caps, Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.errors import InputError, TaiError
from tai.events import CommandSent, Stamped
from tai.frontends.output import recorded_report, save
from tai.llm.deterministic import DeterministicEngine
from tai.policy import ReadOnlyCommand
from tai.record import Record, Shelf
from tai.resources import folder
from tai.text import Redactor
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tai.transport.ssh.connection import SSHConnection

_TICKET = "cron.service on this box is slow since 30 minutes ago, /var looks full, port 80 and 10.20.0.1 do not answer\n"
# One line at least for each command of the prompt; that none is missing is checked.
_ENTRIES = (
    "/help", "/version", "/ticket", "/paths", "/window", "/model", "/verbose on", "/doctor", "/collectors", "/findings",
    "/context", "/show E1", "/show prompt", "/pin it was well yesterday", "/unpin 1", "/collect disk", "/auto 2", "/next 1",
    "/next 2", "/run df -h", "/run ls -la /var/log", "/run cat /etc/passwd", "/run find /etc -xdev -type f -size +50M",
    "/run journalctl -n 50", "/run tail -n 5 /var/log/messages", "/run ps aux", "why is it slow?", "/collect disk", "/diff",
    "/host {host}", "/history", "/save {scratch}/report.md", "/copy", "/resume last", "/clear", "/quit",
)  # fmt: skip

_WITH_EMPTY_FOLDER = 'mount -t tmpfs -o mode=0700 tmpfs "$1" && shift && exec "$@"'


@dataclass(frozen=True, slots=True)
class Done:
    """commands: sent, as text; collectors, probes: asked for; entries: typed at the prompt; declined: with the reason."""

    commands: tuple[str, ...]
    collectors: int
    probes: int
    entries: tuple[str, ...]
    declined: tuple[str, ...]


class _Sent:
    """A sink of the bus: which commands left."""

    def __init__(self) -> None:
        self.argvs: list[str] = []

    def __call__(self, stamped: Stamped) -> None:
        if isinstance(stamped.event, CommandSent):
            self.argvs.append(" ".join(stamped.event.argv))


async def everything(host: LabHost, user: str) -> Done:
    """Do it all as `user`. Raises what stops an investigation, such as a host that cannot be reached."""
    target = Target(host.address, user=user, port=host.port, identity_files=(host.key,), use_ssh_config=False)

    async def reach(wanted: Target, report: Callable[[str], None]) -> SSHConnection:
        del wanted
        return await connect(target, Limits(), report=report, known_hosts=host.known_hosts)

    async def yes(command: ReadOnlyCommand) -> bool:
        del command
        return True  # the host is ours, and gone in a minute

    async def doctor(name: str) -> None:
        # By itself, with an empty ~/.ssh over this machine's: as `ssh`, it notes the keys of new hosts there.
        home = Path.home() / ".ssh"
        home.mkdir(mode=0o700, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                _WITH_EMPTY_FOLDER,
                "sh",
                str(home),
            ),
            *(sys.executable, "-m", "tai", "doctor", f"{user}@{name}", "--port", str(host.port)),
            *("--identity-file", str(host.key), "--ignore-ssh-config"),
            env={**os.environ, "TAI_STATE_DIR": str(scratch)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if not re.search(r"ok +probe", said.decode()):
            raise RuntimeError(f"tai doctor did not log in:\n{said.decode()}")

    def no_clipboard(of: Path) -> str:
        del of
        raise InputError("the clipboard is the client's, and never the host's")

    async def no_other_session(of: Path) -> None:
        del of
        raise InputError("a session before this one is no part of a single run")

    catalog = load_catalog([folder("collectors")])
    engine = DeterministicEngine(catalog.symptoms, catalog.bearings)
    sent = _Sent()
    declined = []
    missing = {command.name for command in COMMANDS} - {line.split()[0].lstrip("/") for line in _ENTRIES}
    if missing:
        raise ValueError(f"no line for these commands of the prompt: {', '.join(sorted(missing))}")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        mine = Path(scratch) / "sessions" / "proof"
        record = stack.enter_context(contextlib.closing(Record(mine)))
        session = Session(id="proof", folder=mine, nonce="proof", target=target)
        investigation = Investigation(
            session,
            bus=Bus(session.id, [record, sent], durable=record),
            catalog=catalog,
            templates=load_templates([folder("prompts")]),
            connect=reach,
            engine=engine,
            fallback=engine,
            redactor=Redactor(),
            options=Options(caps=Caps(max_commands=5000, run_timeout_s=1800)),
            approve=yes,
        )
        context = Context(
            investigation,
            catalog,
            lambda _: None,
            doctor,
            shelf=Shelf(Path(scratch) / "sessions"),
            resume=no_other_session,
            save=lambda of, path: save(path, recorded_report(of)),
            copy=no_clipboard,
        )
        await context.diagnose(_TICKET)
        probes = [probe.id for collector in catalog.collectors for probe in collector.probes]
        await investigation.collect([collector.name for collector in catalog.collectors])
        await investigation.collect(probes)
        for entry in _ENTRIES:
            try:
                await dispatch(context, entry.format(host=host.address, scratch=scratch))
            except TaiError as refusal:
                declined.append(f"{entry}: {refusal}")
        await investigation.close()
        if not (Path(scratch) / "report.md").exists():
            raise RuntimeError(f"/save wrote no report; declined: {declined}")
    return Done(tuple(sent.argvs), len(catalog.collectors), len(probes), _ENTRIES, tuple(declined))
