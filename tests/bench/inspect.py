"""Inspection of 50 MB of journal with all signatures: `make bench-inspect`. Nothing is asserted.

The journal is made deterministically: lines that the cases of the signatures bring, spread among ordinary ones. A second
figure has 300 signatures more, each with words of its own, to show how it scales.
"""

from __future__ import annotations

import random
import resource
import time

from tai import resources
from tai.catalog import Catalog, load_catalog
from tai.catalog.model import Match
from tai.engine.inspect import inspect
from tai.model import Observation, Outcome

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
    """Print MB/s for both catalogs, and the peak of memory."""
    shipped = load_catalog([resources.folder("collectors")])
    seen = Observation(
        id="E1",
        host="h",
        collector="",
        probe="journal-errors",
        argv=("journalctl",),
        outcome=Outcome.OK,
        text=journal(shipped),
    )
    for catalog in (shipped, more(shipped)):
        start = time.perf_counter()
        findings = inspect(catalog, [seen])
        took = time.perf_counter() - start
        print(
            f"{len(catalog.signatures)} signatures, {len(findings)} findings: {took:.2f} s, {SIZE / 1e6 / took:.0f} MB/s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
