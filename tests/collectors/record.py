"""Records the golden cases from real, healthy hosts: `sudo python -m tests.collectors.record [HOST…]`.

Boots the hosts of `vm-fixtures/healthy.py` (all, or those named: debian-12, busybox), lets tai look at each as root by
the ordinary path with every collector chosen, and keeps the first answer to each probe: `golden/PROBE/HOST.out`, standard
output byte for byte, and for probes with a parser `HOST.json`, its rows. `golden/HOST.json` says what was asked, and what
was left out and why; files are kept whole or not at all. Not a test: run it when a probe or a parser changes, and read
the difference. Needs root, mmdebstrap and systemd-container.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tai.bus import Bus
from tai.catalog import load_catalog
from tai.engine.investigate import Investigation
from tai.engine.options import Caps, Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.llm.scripted import ScriptedEngine
from tai.model import Observation
from tai.parsers import parse
from tai.policy import ReadOnlyCommand
from tai.resources import folder
from tai.text import Redactor, clean
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect

if TYPE_CHECKING:
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


async def look(host: LabHost) -> tuple[Session, Tap]:
    """Every probe that suits the host, as root; what was planned and seen, and what was heard."""
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

    catalog = load_catalog([ROOT / "collectors"])
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
            options=Options(caps=Caps(max_commands=1000, run_timeout_s=600)),
            approve=yes,
        )
        await investigation.gather(_TICKET)
        await investigation.collect([collector.name for collector in catalog.collectors])
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


def keep(host: str, session: Session, tap: Tap) -> None:
    """Write one host's files, in place of those that were there."""
    for old in (*GOLDEN.glob(f"*/{host}.out"), *GOLDEN.glob(f"*/{host}.json")):
        old.unlink()
    parsers = {step.id: step.parser for step in session.steps}
    kept: dict[str, Any] = {}
    for seen in session.observations:
        heard = tap.heard.get(seen.argv)
        if heard is None or seen.probe in kept or not _answered(seen):
            continue
        said, parser = heard.stdout, parsers[seen.id]
        kept[seen.probe] = asked = {"argv": list(seen.argv), "exit": heard.exit, "parser": parser}
        if reason := unfit(seen.argv, said):
            kept[seen.probe] = {**asked, "left_out": reason}
            continue
        place = GOLDEN / seen.probe
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{host}.out").write_bytes(said)
        rows = rows_of(parser, said.decode("utf-8", "replace"))
        if rows is not None:
            lines = ",\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
            (place / f"{host}.json").write_text(f"[\n{lines}\n]\n")
    told = ",\n".join(f'"{probe}": {json.dumps(kept[probe])}' for probe in sorted(kept))
    (GOLDEN / f"{host}.json").write_text(f"{{\n{told}\n}}\n")
    sys.stdout.write(f"{host}: {len(kept)} probes, {len(list(GOLDEN.glob(f'*/{host}.out')))} outputs kept\n")


def _answered(seen: Observation) -> bool:
    return seen.outcome.answered and bool(seen.probe)


def main(names: list[str]) -> None:
    """Record each host that is named, or all."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    from healthy import HEALTHY  # noqa: PLC0415 - a script's folder, not a package
    from nspawn import NspawnHost  # noqa: PLC0415

    chosen: list[Healthy] = [each for each in HEALTHY if not names or each.recipe in names]
    for healthy in chosen:
        with NspawnHost(healthy.spec()) as host:
            session, tap = asyncio.run(look(host))
        keep(healthy.recipe, session, tap)


if __name__ == "__main__":
    main(sys.argv[1:])
