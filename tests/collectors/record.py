"""Records the golden cases from a real, healthy test host: `sudo python tests/collectors/record.py [PACKAGE…]`.

Boots the Debian 12 test host of `vm-fixtures/` by systemd-nspawn, plans as tai would for it, with every collector chosen,
runs each command there, and writes `golden/PROBE/HOST.out` (standard output, byte for byte) and, for probes with a parser,
`HOST.json` (its rows). With `--collector NAME`, which may come again, only the probes of that collector are written.
Not a test: run it when a probe's command or a parser changes, and read the difference.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
HOST = "debian-12"

# More than any catalog has, so that no probe is left out.
_EVERY = 1000


def rows_of(parser: str, said: str) -> list[dict[str, Any]] | None:
    """The rows, None where there is no parser, no output, or none that it can read (`-- No entries --`)."""
    from tai.parsers import parse  # noqa: PLC0415 - after the path to the project is known

    try:
        return parse(parser, said) if parser and said else None
    except ValueError:
        return None


def main() -> None:
    """Record the first step of each probe, in all rounds of the plan."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("packages", nargs="*", help="packages that the host has besides the image's own")
    asked.add_argument("--collector", action="append", default=[], help="write only the probes of this one")
    options = asked.parse_args()

    sys.path[:0] = [str(ROOT), str(ROOT / "vm-fixtures")]
    from image import build  # noqa: PLC0415 - a script's folder, not a package
    from launcher import HostSpec  # noqa: PLC0415
    from nspawn import NspawnHost  # noqa: PLC0415

    from tai.catalog import load_catalog  # noqa: PLC0415
    from tai.engine.plan import Seen, expand, plan  # noqa: PLC0415
    from tai.model import Facts, Subjects, Ticket  # noqa: PLC0415
    from tai.policy.sandbox import PROBED_TOOLS  # noqa: PLC0415

    catalog = load_catalog([ROOT / "collectors"])
    subjects = Subjects(units=("cron.service",), ports=(80,), addresses=("10.20.0.1",))
    with NspawnHost(HostSpec("web-01", build(HOST, options.packages))) as host:
        tools = host.ssh(
            f"for t in {' '.join(PROBED_TOOLS)}; do command -v $t >/dev/null && echo $t; done; :"
        ).split()
        kernel = host.ssh("uname -r").strip()
        facts = Facts(
            os_id="debian",
            os_version="12",
            family="debian",
            init="systemd",
            kernel=kernel,
            euid=0,
            tools=tuple(sorted(tools)),
        )
        names = [collector.name for collector in catalog.collectors]
        made = plan(catalog, Ticket(text="", subjects=subjects), facts, names=names, max_commands=_EVERY)
        done, rows, written = 0, dict[str, list[Any]](), set[str]()
        while done < len(made.steps):
            for step in made.steps[done:]:
                said = host.ssh(f"LC_ALL=C.UTF-8 {shlex.join(step.argv)} 2>/dev/null; :")
                parsed = rows_of(step.parser, said)
                rows.setdefault(step.probe.id, []).extend(parsed or ())
                if step.probe.id in written or (
                    options.collector and step.collector not in options.collector
                ):
                    continue
                written.add(step.probe.id)
                folder = GOLDEN / step.probe.id
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{HOST}.out").write_text(said)
                if parsed is not None:
                    (folder / f"{HOST}.json").write_text(json.dumps(parsed, indent=1, sort_keys=True) + "\n")
                sys.stdout.write(f"{step.id} {step.probe.id}: {len(said)} bytes\n")
            done = len(made.steps)
            made = expand(made, catalog, Seen(rows))


if __name__ == "__main__":
    main()
