"""Records the golden cases from a real, healthy test host: `sudo python tests/collectors/record.py [PACKAGE…]`.

Boots the Debian 12 test host of `vm-fixtures/` by systemd-nspawn, plans as tai would if it were asked for every
collector and every probe that is not part of a default run, runs each command there, and writes `golden/PROBE/HOST.out` (standard output, byte for byte) and, for probes with a parser, `HOST.json` (its
rows). Not a test: run it when a probe's command or a parser changes, and read the difference.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
HOST = "debian-12"


def main() -> None:
    """Record every step of a plan for all there is, in all its rounds."""
    sys.path[:0] = [str(ROOT), str(ROOT / "vm-fixtures")]
    from image import build  # noqa: PLC0415 - a script's folder, not a package
    from launcher import HostSpec  # noqa: PLC0415
    from nspawn import NspawnHost  # noqa: PLC0415

    from tai.catalog import load_catalog  # noqa: PLC0415
    from tai.engine.plan import Seen, expand, plan  # noqa: PLC0415
    from tai.model import Facts, Subjects, Ticket  # noqa: PLC0415
    from tai.parsers import parse  # noqa: PLC0415
    from tai.policy.sandbox import PROBED_TOOLS  # noqa: PLC0415

    catalog = load_catalog([ROOT / "collectors"])
    with NspawnHost(HostSpec("web-01", build(HOST, sys.argv[1:]))) as host:
        tools = host.ssh(
            f"for t in {' '.join(PROBED_TOOLS)}; do command -v $t >/dev/null && echo $t; done; :"
        ).split()
        version = re.search(r'(?m)^VERSION_ID="?([\d.]+)', host.ssh("cat /etc/os-release"))
        facts = Facts(
            os_id="debian",
            os_version=version[1] if version else "",
            family="debian",
            kernel=host.ssh("uname -r").strip(),
            init="systemd",
            euid=0,
            tools=tuple(sorted(tools)),
        )
        ticket = Ticket(text="", subjects=Subjects(units=("cron.service",), mounts=("/",)))
        by_name = [probe.id for probe in catalog.probes.values() if probe.depth == "named"]
        names = [*(collector.name for collector in catalog.collectors), *by_name]
        made = plan(catalog, ticket, facts, names=names, max_commands=1000)
        done, rows = 0, dict[str, list[Any]]()
        while done < len(made.steps):
            for step in made.steps[done:]:
                said = host.ssh(f"LC_ALL=C.UTF-8 {shlex.join(step.argv)} 2>/dev/null; :")
                folder = GOLDEN / step.probe.id
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{HOST}.out").write_text(said)
                if step.parser and said:
                    try:
                        parsed = parse(step.parser, said)
                    except ValueError as error:
                        sys.stdout.write(
                            f"{step.probe.id}: not in the form that {step.parser} expects: {error}\n"
                        )
                        continue
                    rows.setdefault(step.probe.id, []).extend(parsed)
                    (folder / f"{HOST}.json").write_text(json.dumps(parsed, indent=1, sort_keys=True) + "\n")
                sys.stdout.write(f"{step.id} {step.probe.id}: {len(said)} bytes\n")
            done = len(made.steps)
            made = expand(made, catalog, Seen(rows))


if __name__ == "__main__":
    main()
