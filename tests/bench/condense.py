"""How many of the lines that prove an incident survive condensing: `make bench-condense`. Prints tables; asserts nothing.

    python -m tests.bench.condense [--sizes 1,10,50] [--budgets 2000,…] [--incidents 002,…] [--seeds 1] [--lost]

Each shared incident's proving lines are put into a long real log, at a place and with times of that log; then tai and what people
do by hand choose lines under the same budget, counted alike: each line with its label, `E1:123456| `. The main row gives tai the log and
the ticket, no findings; the row below gives it the findings of the shipped signatures, as a real run has them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tai.catalog import Catalog, load_catalog
from tai.engine.condense import FileSource, condense
from tai.engine.hints import hints
from tai.engine.inspect import inspect
from tai.llm.tokens import count
from tai.model import Finding, Observation, Outcome, Ticket
from tai.ticket import parse
from tests.bench.haystack import haystack, spliced

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TAI_DATA", ROOT.parent / "shared" / "data"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUDGETS = (2000, 4000, 8000, 16000)

_GREP = re.compile(r"error|fail", re.IGNORECASE)
# What a text still shows of a priority of err or higher; journald keeps it beside the text.
_PRIORITY = re.compile(
    r"<[0-3]>|\b(?:ERROR|ERR|FATAL|CRIT(?:ICAL)?|ALERT|EMERG(?:ENCY)?|PANIC|SEVERE)\b|level=(?:err|crit|fatal|alert|emerg|panic)"
    r"|\[(?:error|crit|alert|emerg)\]|(?:^|\s)[EF]\d{4} \d\d:|\b(?:error|fatal|panic|emergency):|Failed to start|Failed with result"
)

Method = Callable[[Sequence[str], int], list[int]]


@dataclass(frozen=True)
class Incident:
    id: str
    ticket: Ticket
    needles: tuple[str, ...]


def incidents(wanted: Iterable[str]) -> list[Incident]:
    """The shared ones, or those named."""
    chosen = set(wanted)
    found = []
    for path in sorted((DATA / "incidents").glob("*.json")):
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not chosen or raw["id"] in chosen:
            found.append(Incident(raw["id"], parse(raw["ticket"], now=NOW), tuple(raw["key_evidence_lines"])))
    return found


def observed(lines: Sequence[str]) -> Observation:
    """The log as one observation."""
    return Observation(
        id="E1",
        host="h",
        collector="journal",
        probe="all",
        argv=("journalctl", "--no-pager"),
        outcome=Outcome.OK,
        text="\n".join(lines) + "\n",
    )


def tai(seen: Observation, ticket: Ticket, findings: Sequence[Finding], budget: int) -> list[int]:
    """Indices that tai keeps."""
    made = condense(
        [seen],
        findings,
        ticket.subjects,
        budget=budget,
        count=count,
        words=ticket.words,
        window=ticket.window,
    )
    return [number - 1 for number, _ in made.sections[0].lines]


def hinted(
    catalog: Catalog, seen: Observation, ticket: Ticket, findings: Sequence[Finding], budget: int
) -> list[int]:
    """Indices that tai keeps in a real run, where findings of shipped signatures are hints."""
    named = hints(catalog, ticket, [seen], findings, budget=budget, count=count)
    return tai(seen, ticket, named, budget)


def fit(lines: Sequence[str], order: Iterable[int], budget: int) -> list[int]:
    """As many of the lines as fit, in the order of preference."""
    kept = []
    for index in order:
        budget -= count(f"E1:{index + 1}| {lines[index]}\n")
        if budget < 0:
            break
        kept.append(index)
    return kept


def tail(lines: Sequence[str], budget: int) -> list[int]:
    """`tail`."""
    return fit(lines, range(len(lines) - 1, -1, -1), budget)


def head_and_tail(lines: Sequence[str], budget: int) -> list[int]:
    """`head` for one half of the budget, `tail` for the other."""
    return fit(lines, range(len(lines)), budget // 2) + tail(lines, budget // 2)


def matching(pattern: re.Pattern[str]) -> Method:
    """The newest lines that match, as `grep … | tail` shows them."""

    def method(lines: Sequence[str], budget: int) -> list[int]:
        return fit(lines, (i for i in range(len(lines) - 1, -1, -1) if pattern.search(lines[i])), budget)

    return method


class Drained:
    """drain3's templates: the first line of each, the rarest template first. One run over log and needles of all incidents."""

    def __init__(self, lines: Sequence[str], say: Callable[[str], None]) -> None:
        from drain3 import TemplateMiner  # noqa: PLC0415 - of the bench only, and not in every venv
        from drain3.masking import MaskingInstruction  # noqa: PLC0415
        from drain3.template_miner_config import TemplateMinerConfig  # noqa: PLC0415

        config = TemplateMinerConfig()
        config.profiling_enabled = False
        config.masking_instructions = [
            MaskingInstruction(r"\b[0-9a-fA-F]{8,}\b", "HEX"),
            MaskingInstruction(r"\d+", "NUM"),
        ]
        miner = TemplateMiner(config=config)
        begin = time.process_time()
        self._cluster: dict[str, int] = {}
        self._size: dict[int, int] = {}
        for number, line in enumerate(lines):
            if number % 50_000 == 0:
                say(f"drain3: line {number:,} of {len(lines):,}")
            found = miner.add_log_message(line)["cluster_id"]
            self._cluster[line] = found
            self._size[found] = self._size.get(found, 0) + 1
        self.seconds = time.process_time() - begin

    def __call__(self, lines: Sequence[str], budget: int) -> list[int]:
        first: dict[int, int] = {}
        for index, line in enumerate(lines):
            first.setdefault(self._cluster[line], index)
        order = sorted(first.values(), key=lambda index: (self._size[self._cluster[lines[index]]], index))
        return fit(lines, order, budget)


@dataclass
class Tally:
    kept: int = 0
    total: int = 0
    kept_bytes: int = 0
    bytes: int = 0

    def add(self, lines: Sequence[str], places: Sequence[int], chosen: Iterable[int], size: int) -> list[int]:
        """Count one run; returns the needles' indices that were lost."""
        keeps = set(chosen)
        self.kept += sum(place in keeps for place in places)
        self.total += len(places)
        self.kept_bytes += sum(len(lines[index].encode()) + 1 for index in keeps)
        self.bytes += size
        return [place for place in places if place not in keeps]

    @property
    def cell(self) -> str:
        """Survival and reduction, in per cent."""
        if not self.total:
            return "-"
        reduction = 100 * (1 - self.kept_bytes / self.bytes)
        return f"{100 * self.kept / self.total:.1f} / {reduction:.2f}"


def measure(size: int, budget: int, *, streamed: bool) -> str:
    """Speed and peak memory of one condensing, in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".log", encoding="utf-8") as file:
        file.write("\n".join(haystack(size, data=DATA)) + "\n")
        file.flush()
        words = [
            sys.executable,
            "-m",
            "tests.bench.condense",
            "--measure",
            file.name,
            "--budgets",
            str(budget),
        ]
        done = subprocess.run(
            [*words, *(["--streamed"] if streamed else [])],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
    return done.stdout.strip()


def measured(path: Path, budget: int, *, streamed: bool) -> str:
    """What `measure` runs: condense one file, from memory or from disk."""
    text = "" if streamed else path.read_bytes().decode()
    seen = Observation(
        id="E1", host="h", collector="c", probe="p", label="log", outcome=Outcome.OK, text=text
    )
    ticket = parse("nova-compute fails to start after the reboot", now=NOW)
    begin = time.process_time()
    condense(
        [seen],
        [],
        ticket.subjects,
        budget=budget,
        count=count,
        words=ticket.words,
        sources={"E1": FileSource(path)} if streamed else None,
    )
    took = time.process_time() - begin
    # Not getrusage: what it tells of a new process includes the size of the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return f"{path.stat().st_size / 1e6 / took:.1f} MB/s, {peak:.0f} MiB peak"


def main() -> None:
    """Print the tables; progress goes to stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1,10,50", help="MB")
    parser.add_argument("--budgets", default=",".join(map(str, BUDGETS)), help="tokens")
    parser.add_argument("--incidents", default="", help="ids, all by default")
    parser.add_argument("--seeds", type=int, default=1, help="places for each incident")
    parser.add_argument("--only-tai", action="store_true")
    parser.add_argument("--lost", action="store_true", help="print each proving line that tai lost")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--streamed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    budgets = [int(each) for each in given.budgets.split(",")]
    if given.measure:
        print(measured(given.measure, budgets[0], streamed=given.streamed))
        return
    chosen = incidents(each for each in given.incidents.split(",") if each)
    for size in (float(each) for each in given.sizes.split(",")):
        table(int(size * 1e6), budgets, chosen, given)


def table(size: int, budgets: Sequence[int], chosen: Sequence[Incident], given: argparse.Namespace) -> None:
    """One size: a row for each way of choosing, a column for each budget."""
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {size / 1e6:g} MB: {text}", file=sys.stderr, flush=True)

    say("building")
    hay = haystack(size, data=DATA)
    catalog = load_catalog([ROOT / "collectors"])
    runs = (
        [
            (each, seed, spliced(hay, each.needles, seed=f"{seed}:{each.id}:{size}"))
            for each in chosen
            for seed in range(given.seeds)
        ]
        if size <= 10_000_000
        else None
    )
    methods: dict[str, Method] = {}
    if not given.only_tai:
        methods = {
            "`tail`": tail,
            "head + tail": head_and_tail,
            "`grep -iE 'error\\|fail' \\| tail`": matching(_GREP),
            "priority err or worse, newest": matching(_PRIORITY),
        }
        try:
            needles = [
                lines[place]
                for each in chosen
                for seed in range(given.seeds)
                for lines, places in [spliced(hay, each.needles, seed=f"{seed}:{each.id}:{size}")]
                for place in places
            ]
            drained = Drained([*hay, *needles], say)
            methods["drain3, rarest template first"] = drained
            say(f"drain3 took {drained.seconds:.1f} s, {size / 1e6 / drained.seconds:.1f} MB/s")
        except ImportError:
            say("drain3 is not installed here: its row is left out")
    names = ["tai", "tai with findings", *methods]
    tallies = {(name, budget): Tally() for name in names for budget in budgets}
    del runs
    for each in chosen:
        for seed in range(given.seeds):
            lines, places = spliced(hay, each.needles, seed=f"{seed}:{each.id}:{size}")
            seen = observed(lines)
            say(f"incident {each.id}, place {seed + 1}")
            findings = inspect(catalog, [seen])
            for budget in budgets:
                lost = tallies["tai", budget].add(lines, places, tai(seen, each.ticket, [], budget), size)
                if given.lost:
                    for place in lost:
                        print(f"lost {each.id} at {budget}: {lines[place][:200]}", file=sys.stderr)
                tallies["tai with findings", budget].add(
                    lines, places, hinted(catalog, seen, each.ticket, findings, budget), size
                )
                for name, method in methods.items():
                    tallies[name, budget].add(lines, places, method(lines, budget), size)
    print(
        f"\n{size / 1e6:g} MB, {len(hay):,} lines; proving lines that survive / reduction, both in per cent\n"
    )
    print("| | " + " | ".join(f"{budget:,} tokens" for budget in budgets) + " |")
    print("|---|" + "---|" * len(budgets))
    for name in names:
        print(f"| {name} | " + " | ".join(tallies[name, budget].cell for budget in budgets) + " |")
    for label, streamed in (("text in memory", False), ("read from a file", True)):
        print(f"\n{label}: {measure(size, 8000, streamed=streamed)}")
    sys.stdout.flush()
    say("done")


if __name__ == "__main__":
    main()
