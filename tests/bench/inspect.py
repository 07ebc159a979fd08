"""Inspection of 50 MB of journal with all signatures: `make bench-inspect`. Nothing is asserted.

The journals are made deterministically. quiet: lines that the cases of the signatures bring, spread among ordinary ones; again
with 300 signatures more, each with words of its own, to show how it scales. flooded: every third line is one of the shared
incidents' that a finding cites, each with its own time and numbers, the others are those of the logs of the shared sosreport
(the cases' lines and ordinary ones where there is no shared data).
"""

from __future__ import annotations

import json
import random
import re
import resource
import tarfile
import time
from collections.abc import Iterator

from tai import resources
from tai.catalog import Catalog, load_catalog
from tai.catalog.model import Match
from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tests.bench.incidents import DATA

SIZE = 50_000_000
FAULT_EVERY = 500


def journal(catalog: Catalog) -> str:
    """50 MB of lines, one in FAULT_EVERY of them from a case that fits."""
    rnd = random.Random(5)
    programs = ("sshd", "systemd", "kernel", "cron", "app", "nova-compute")
    words = [
        "session",
        "opened",
        "for",
        "user",
        "root",
        "started",
        "stopped",
        "request",
        "took",
        "reading",
        "cache",
        "update",
        "done",
        "new",
        "id",
        "state",
    ]
    faults = [c.text.split("\n")[0] for s in catalog.signatures.values() for c in s.cases if c.matches]
    lines: list[str] = []
    size = 0
    while size < SIZE:
        if rnd.randrange(FAULT_EVERY) == 0:
            line = rnd.choice(faults)
        else:
            text = " ".join(rnd.choices(words, k=12))
            line = f"Nov 20 14:{rnd.randrange(60):02}:{rnd.randrange(60):02} h {rnd.choice(programs)}[{rnd.randrange(9999)}]: {text}"
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines)


def flooded(catalog: Catalog) -> str:
    """50 MB of which every third line shows a known fault."""
    rnd = random.Random(5)
    faults, others = list(_cited(catalog)), list(_logged())
    faults = faults or [
        c.text.split("\n", 1)[0] for s in catalog.signatures.values() for c in s.cases if c.matches
    ]
    others = others or journal(catalog)[:2_000_000].split("\n")
    lines: list[str] = []
    size = 0
    while size < SIZE:
        line = rnd.choice(others if len(lines) % 3 else faults)
        line = re.sub(
            r"\b\d\d:\d\d:\d\d\b", f"14:{rnd.randrange(60):02}:{rnd.randrange(60):02}", line, count=1
        )
        line = re.sub(r"\[\d{3,7}\]", f"[{rnd.randrange(1000, 99999)}]", line, count=1)
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines)


def _cited(catalog: Catalog) -> Iterator[str]:
    """Lines of the shared incidents that findings cite."""
    for path in sorted((DATA / "incidents").glob("*.json")):
        evidence = json.loads(path.read_text(encoding="utf-8"))["evidence"]
        for n, (label, text) in enumerate(evidence.items(), start=1):
            seen = Observation(
                id=f"E{n}", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text
            )
            for finding in inspect(catalog, [seen]):
                yield from (cited.text for cited in finding.cited if "log" in catalog.kinds_of(label))


def _logged() -> Iterator[str]:
    """Lines of the logs in the shared sosreport."""
    path = DATA / "hosts" / "sosreport-compute4.tar.xz"
    if not path.exists():
        return
    with tarfile.open(path) as archive:
        for member in archive:
            if re.search(
                r"/var/log/(?:messages|syslog|secure|\S+\.log)$|journalctl[\w.-]*$", member.name
            ) and (held := archive.extractfile(member)):
                yield from held.read(5_000_000).decode("utf-8", "replace").splitlines()


def more(catalog: Catalog) -> Catalog:
    """The catalog with 300 signatures more, whose words stand nowhere."""
    first, *rest = catalog.collectors
    like = first.signatures[0]
    extra = tuple(
        like.model_copy(
            update={
                "id": f"extra-{n}",
                "match": Match(line=(f"xq{n:05}zz .{{0,80}} end",), has=(f"xq{n:05}zz",)),
            }
        )
        for n in range(300)
    )
    return Catalog((first.model_copy(update={"signatures": (*first.signatures, *extra)}), *rest))


def main() -> None:
    """Print MB/s for each journal and catalog, and the peak of memory."""
    shipped = load_catalog([resources.folder("collectors")])
    quiet = journal(shipped)
    for name, text, catalog in (
        ("quiet", quiet, shipped),
        ("quiet", quiet, more(shipped)),
        ("flooded", flooded(shipped), shipped),
    ):
        seen = Observation(
            id="E1",
            host="h",
            collector="",
            probe="journal-errors",
            argv=("journalctl",),
            outcome=Outcome.OK,
            text=text,
        )
        start = time.process_time()
        findings = inspect(catalog, [seen])
        took = time.process_time() - start
        print(
            f"{name:8} {len(catalog.signatures)} signatures, {len(findings)} findings: {took:.2f} s of one core, {SIZE / 1e6 / took:.0f} MB/s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
