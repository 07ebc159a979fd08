"""Breaks a real host as an incident says, lets tai look at it over SSH, and keeps every answer.

    python vm-fixtures/record.py [NAME…]        (make record-incidents; make record-demo for the demo's alone)

What is kept is what the ordinary path asked for: the same plan, policy, path checks and connection as `tai diagnose`,
with a tap on the connection. Of an incident with `also` lines, which the demo plays, more than that, so that a small change of the collectors still finds its answers: the
probes that run only when asked for, the checks that findings propose, the incident's own `also` lines, and each path by
itself. Needs root and mmdebstrap, and what `tiers.py` says; 1.5 minutes, and 1 more when the image is not there yet.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import incident
from broken import broken
from launcher import LabHost
from packed import save_recording
from tap import Tap, names_the_outside
from tiers import CannotShowError

from tai.bus import Bus
from tai.catalog import Catalog, load_catalog
from tai.demo.recording import TICKET_FILE, RecordedCommand, Recording, as_output
from tai.engine.collect import Approve, nobody_approves
from tai.engine.investigate import Investigation
from tai.engine.options import Caps, Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.errors import HostError, PolicyRefusal
from tai.llm.scripted import ScriptedEngine
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import parse_probe
from tai.resources import folder
from tai.text import Redactor
from tai.transport.base import Limits, Target
from tai.transport.run import run
from tai.transport.ssh import connect

# As many operands as the policy allows `realpath`, which is how many the path guard puts into one.
_LOOKED_AT_ONCE = 10
_ENOUGH_S = 600.0  # an emulated processor takes longer than a run may, and a replay takes no time at all
_CLOCK_IS_OFF_S = 5.0
_AT_ONCE = 2  # one waits for its host while the other is looked at


async def listen(
    host: LabHost, catalog: Catalog, ticket: str, also: tuple[str, ...], at_once: int = Limits().channels
) -> Tap:
    """Look at a host as `tai diagnose` does, or in every way that tai knows when there is something to be asked besides.

    at_once: commands that may run at a time. The tap with all that it heard, closed.
    """
    target = Target(
        host.address,
        user=host.user,
        port=host.port,
        identity_files=(host.key,),
        jump=host.way,
        use_ssh_config=False,
    )
    limits = Limits(channels=at_once)
    tap = Tap(await connect(target, limits, report=lambda _: None, known_hosts=host.known_hosts))

    async def tapped(target: Target, report: Callable[[str], None]) -> Tap:
        del target, report
        return tap

    def looking(session: Session, caps: Caps, approve: Approve) -> Investigation:
        return Investigation(
            session,
            bus=Bus(session.id, []),
            catalog=catalog,
            templates=load_templates([folder("prompts")]),
            connect=tapped,
            engine=ScriptedEngine([]),
            fallback=ScriptedEngine([]),
            redactor=Redactor(),
            options=Options(caps=caps),
            approve=approve,
        )

    with tempfile.TemporaryDirectory() as scratch:
        first = Session(id="recording", folder=Path(scratch), nonce="recording", target=target)
        # As `tai demo` will: which paths are looked at together depends on how much of the plan may run.
        await looking(first, Caps(run_timeout_s=_ENOUGH_S), nobody_approves).gather(ticket)
        if also:
            await _everything(looking, tap, first, ticket, also=also, scratch=Path(scratch))
    await tap.close()
    return tap


async def _everything(
    looking: Callable[[Session, Caps, Approve], Investigation],
    tap: Tap,
    first: Session,
    ticket: str,
    *,
    also: tuple[str, ...],
    scratch: Path,
) -> None:
    """What a person might ask next: all probes, the checks that findings propose, the incident's own lines, single paths."""

    async def yes(command: ReadOnlyCommand) -> bool:
        del command
        return True  # the host is ours, and gone in a minute

    session = Session(id="recording", folder=scratch, nonce="recording", target=first.target)
    investigation = looking(session, Caps(max_commands=1000, run_timeout_s=600), yes)
    await investigation.gather(ticket)
    await investigation.collect([collector.name for collector in investigation.catalog.collectors])
    await investigation.collect(
        [probe.id for collector in investigation.catalog.collectors for probe in collector.probes]
    )
    proposed = [
        shlex.join(argv) for each in (first, session) for finding in each.findings for argv in finding.checks
    ]
    for line in dict.fromkeys((*also, *proposed)):
        try:
            await investigation.run_line(line)
        except PolicyRefusal as refusal:
            print(f"not recorded: {line}: {refusal}", file=sys.stderr)
    await _paths_one_by_one(tap)


async def _paths_one_by_one(tap: Tap) -> None:
    """What the path guard asks depends on which paths it knows already; so ask for each command's, and for each alone."""
    groups = [tuple(use.path for use in ReadOnlyCommand(argv).paths) for argv in tap.heard]
    alone = [(path,) for group in groups for path in group]
    for group in dict.fromkeys((*groups, *alone)):
        for start in range(0, len(group), _LOOKED_AT_ONCE):
            paths = group[start : start + _LOOKED_AT_ONCE]
            for words in (["realpath", "-m", "--"], ["stat", "-L", "-c", "%F|%n", "--"]):
                command = ReadOnlyCommand([*words, *paths])
                if command.argv not in tap.heard:
                    await run(tap, command)


def recording_of(name: str, tap: Tap, *, hostname: str, versions: dict[str, str]) -> Recording:
    """What a tap heard, as a value. Commands that did not come to an end by themselves are left out, with a word."""
    probe = tap.inner.probe_output
    found = parse_probe(probe.decode())
    offset = tap.host.facts.clock_offset_s or 0.0
    commands = []
    for argv, done in sorted(tap.heard.items()):
        if done.exit is None:
            print(f"not recorded: {shlex.join(argv)}: it did not end by itself", file=sys.stderr)
            continue
        if names_the_outside(done.stdout + done.stderr):
            print(f"not recorded: {shlex.join(argv)}: it tells of the machine outside", file=sys.stderr)
            continue
        commands.append(
            RecordedCommand(
                argv=argv, exit=done.exit, stdout=as_output(done.stdout), stderr=as_output(done.stderr)
            )
        )
    return Recording(
        incident=name,
        host=hostname,
        user=tap.host.user,
        recorded_at=datetime.fromtimestamp(found.now_epoch or 0, UTC),
        made_by=f"python vm-fixtures/record.py {name}",
        versions={"kernel": found.kernel, **versions},
        probe=as_output(probe),
        # A clock that is right is so in every replay, and the time that a login takes says nothing.
        clock_offset_s=offset if abs(offset) >= _CLOCK_IS_OFF_S else 0.0,
        commands=tuple(commands),
    )


def record(name: str, catalog: Catalog) -> None:
    """Make `incidents/NAME/recording/` anew. Raises CannotShowError, and RuntimeError when it does not break as meant."""
    with broken(name) as scene:
        tap = asyncio.run(listen(scene.host, catalog, scene.ticket, scene.truth.also, scene.tier.at_once))
    packages = scene.truth.host.packages
    installed = dict(line.split() for line in scene.built.packages.read_text().splitlines())
    versions = {package: installed[package] for package in ("systemd", "openssh-server", *packages)}
    place = incident.FOLDER / name / "recording"
    place.mkdir(exist_ok=True)
    (place / TICKET_FILE).write_text(scene.ticket)
    save_recording(recording_of(name, tap, hostname=scene.truth.host.name, versions=versions), place)
    print(f"{name}: {len(tap.heard)} commands", file=sys.stderr, flush=True)


def main(named: Sequence[str]) -> int:
    """Record the incidents that are named, or all; the exit status."""
    catalog = load_catalog([folder("collectors")])  # a mistake in it shows before a host is broken
    failed = 0
    names = named or incident.names()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        going = {name: pool.submit(record, name, catalog) for name in names}
    for name, future in going.items():
        try:
            future.result()
        except CannotShowError as reason:
            print(f"{name}: not recorded: {reason}", file=sys.stderr)
        except (RuntimeError, subprocess.SubprocessError, HostError) as error:
            failed = 1
            print(f"{name}: not recorded: {error}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the host is taken down then, too
    sys.exit(main(sys.argv[1:]))
