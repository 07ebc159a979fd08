"""Records the golden cases from real hosts: `sudo python -m tests.collectors.record [HOST…]`.

Boots the hosts of `vm-fixtures/healthy.py` and `vm-fixtures/furnished.py` (all, or those named: debian-12, server-12), lets
tai look at each as root by the ordinary path with every collector and every probe chosen, and keeps the first answer to
each probe that says something: `golden/PROBE/HOST.out`, standard output byte for byte, and for probes with a parser
`HOST.json`, its rows. Of a furnished host only that is kept which no healthy one has to tell. `golden/HOST.json` says what
was asked, and what was left out and why; files are kept whole or not at all. Not a test: run it when a probe or a parser
changes, and read the difference. Needs root, mmdebstrap and systemd-container, and QEMU for a host with its own kernel.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tai.bus import Bus
from tai.catalog import Catalog, load_catalog
from tai.catalog.slots import fill_argv, names_in
from tai.engine.investigate import Investigation
from tai.engine.options import Caps, Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.llm.scripted import ScriptedEngine
from tai.model import Observation
from tai.parsers import parse
from tai.policy import ReadOnlyCommand, canonicalise
from tai.resources import folder
from tai.text import Redactor, clean
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect
from tests.collectors.golden_hosts import HEALTHY_HOSTS, index, output, rows
from tests.collectors.without_case import OF_THE_KERNEL

if TYPE_CHECKING:
    from furnished import Furnished
    from healthy import Healthy
    from launcher import LabHost
    from tap import Tap

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

# Probes that need a name get one that each host has.
_TICKET = "Is cron.service well since 30 minutes ago? It talks to port 80, and to 10.20.0.1 beside it.\n"
_LONGEST = 16_000


def rows_of(parser: str, said: str) -> list[dict[str, Any]] | None:
    """The rows, None where there is no parser, no output, or none that it can read (`-- No entries --`)."""
    try:
        return parse(parser, said) if parser and said else None
    except ValueError:
        return None


async def look(host: LabHost, ticket: str = _TICKET, lines: Collection[str] = ()) -> tuple[Session, Tap]:
    """Every probe that suits the host, as root, then these command lines; what was planned and seen, and what was heard."""
    from tap import Tap  # noqa: PLC0415 - after the path to it is known

    target = Target(
        host.address, user="root", port=host.port, identity_files=(host.key,), use_ssh_config=False
    )
    tap = Tap(await connect(target, Limits(), report=lambda _: None, known_hosts=host.known_hosts))

    async def tapped(target: Target, report: Callable[[str], None]) -> Tap:
        del target, report
        return tap

    async def yes(command: ReadOnlyCommand) -> bool:
        del command
        return True  # the host is ours, and gone in a minute

    catalog = shipped()
    with tempfile.TemporaryDirectory() as scratch:
        session = Session(id="golden", folder=Path(scratch), nonce="golden", target=target)
        investigation = Investigation(
            session,
            bus=Bus(session.id, []),
            catalog=catalog,
            templates=load_templates([folder("prompts")]),
            connect=tapped,
            engine=ScriptedEngine([]),
            fallback=ScriptedEngine([]),
            redactor=Redactor(),
            options=Options(caps=Caps(max_commands=2000, run_timeout_s=1200)),
            approve=yes,
        )
        await investigation.gather(ticket)
        await investigation.collect([collector.name for collector in catalog.collectors])
        await investigation.collect(list(catalog.probes))  # whatever their depth, and the ticket's words
        for line in lines:
            await investigation.run_line(line)
        await investigation.close()
    return session, tap


def unfit(argv: tuple[str, ...], said: bytes) -> str:
    """Why an output is not kept, '' when it is."""
    from tap import names_the_outside  # noqa: PLC0415 - as above

    if len(said) > _LONGEST:
        return f"{len(said):,} bytes, more than {_LONGEST:,}"
    if names_the_outside(said):
        return "it names the machine that it was made on, or its package source"
    if clean(said, producer=" ".join(argv), redactor=Redactor()).redactions:
        return "it holds what looks like a secret"
    return ""


def answers(
    session: Session, tap: Tap, asked: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each probe that was answered, with the parser of its form and the command: as planned, then as asked with a value.

    A probe whose command another one had sent already, which is then not sent again, has that one's answer.
    """
    catalog = shipped()
    steps = {step.id: step for step in session.steps}
    sent: dict[tuple[str, ...], Observation] = {}
    for seen in session.observations:
        if seen.outcome.answered and seen.argv in tap.heard:
            sent.setdefault(seen.argv, seen)
            if seen.probe in catalog.probes:  # a line that was typed has another name
                yield seen.probe, steps[seen.id].parser, seen.argv
    for probe in catalog.probes.values():
        for parser, form in ((probe.parser, probe.argv), *((v.parser, v.argv) for v in probe.variants)):
            values = asked.get(probe.id, {})
            if (
                names_in(form) <= values.keys()
                and (argv := canonicalise(fill_argv(form, values)).argv) in sent
            ):
                yield probe.id, probe.parser if parser is None else parser, argv


def shipped() -> Catalog:
    """The project's own collectors."""
    return load_catalog([ROOT / "collectors"])


def keep(
    host: str,
    heard: Iterator[tuple[str, str, tuple[str, ...]]],
    tap: Tap,
    *,
    unwanted: Collection[str] = (),
    empty: bool = True,
) -> None:
    """Write one host's files, in place of those that were there.

    unwanted: probes that this host is not needed for. empty: whether an answer without text is kept too.
    """
    for old in (*GOLDEN.glob(f"*/{host}.out"), *GOLDEN.glob(f"*/{host}.json")):
        old.unlink()
    kept: dict[str, Any] = {}
    best: dict[str, int] = {}
    for probe, parser, argv in heard:
        if probe in unwanted or not (empty or tap.heard[argv].stdout.strip()):
            continue
        done = tap.heard[argv]
        said = done.stdout
        found = rows_of(parser, said.decode("utf-8", "replace"))
        reason = unfit(argv, said)
        worth = 0 if reason else 1 + bool(said) + bool(found)
        if worth <= best.get(probe, -1):
            continue
        best[probe] = worth
        kept[probe] = {"argv": list(argv), "exit": done.exit, "parser": parser}
        place = GOLDEN / probe
        if reason:
            kept[probe]["left_out"] = reason
            continue
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{host}.out").write_bytes(said)
        (place / f"{host}.json").unlink(missing_ok=True)
        if found is not None:
            lines = ",\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in found)
            (place / f"{host}.json").write_text(f"[\n{lines}\n]\n")
    told = ",\n".join(f'"{probe}": {json.dumps(kept[probe])}' for probe in sorted(kept))
    (GOLDEN / f"{host}.json").write_text(f"{{\n{told}\n}}\n")
    sys.stdout.write(f"{host}: {len(kept)} probes, {len(list(GOLDEN.glob(f'*/{host}.out')))} outputs kept\n")


def told_by_the_healthy() -> set[str]:
    """Probes to which a healthy host has an answer with text, and with rows where they have a parser."""
    return {
        probe
        for host in HEALTHY_HOSTS
        for probe, asked in index(host).items()
        if "left_out" not in asked and (rows(host, probe) if asked["parser"] else output(host, probe))
    }


def record_furnished(furnished: Furnished) -> None:
    """Make the host, what it is to be, and its recording."""
    from launcher import Lab  # noqa: PLC0415 - a script's folder, not a package
    from nspawn import NspawnLab  # noqa: PLC0415
    from qemu import QemuLab  # noqa: PLC0415

    setup = (ROOT / "vm-fixtures" / "setups" / f"{furnished.name}.sh").read_text()
    catalog = shipped()
    lines = [
        shlex.join(fill_argv(catalog.probes[probe].argv, values)) for probe, values in furnished.asked.items()
    ]
    launch = QemuLab if furnished.machine else NspawnLab
    with launch(Lab(furnished.name, (furnished.spec(),))) as hosts:
        host = hosts[furnished.name]
        sys.stdout.write(host.script(setup, timeout_s=900))
        session, tap = asyncio.run(look(host, furnished.ticket, lines))
    unwanted = told_by_the_healthy() | (set() if furnished.machine else OF_THE_KERNEL.keys())
    keep(furnished.name, answers(session, tap, furnished.asked), tap, unwanted=unwanted, empty=False)
    for seen in session.observations:  # for whoever reads why a probe has nothing to show
        if seen.probe and not (seen.outcome.answered and seen.text):
            sys.stdout.write(f"  {seen.probe}: {seen.outcome} {seen.exit} {seen.reason}\n")


def main(names: list[str]) -> None:
    """Record each host that is named, or all."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    from furnished import FURNISHED  # noqa: PLC0415 - a script's folder, not a package
    from healthy import HEALTHY  # noqa: PLC0415
    from nspawn import NspawnHost  # noqa: PLC0415

    chosen: list[Healthy] = [each for each in HEALTHY if not names or each.recipe in names]
    for healthy in chosen:
        with NspawnHost(healthy.spec()) as host:
            session, tap = asyncio.run(look(host))
        keep(healthy.recipe, answers(session, tap, {}), tap, unwanted=OF_THE_KERNEL)
    for furnished in FURNISHED:
        if not names or furnished.name in names:
            record_furnished(furnished)


if __name__ == "__main__":
    main(sys.argv[1:])
