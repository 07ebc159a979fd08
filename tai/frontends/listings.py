"""`tai collectors …` and `tai policy …`: what tai looks at and what it may run, as tables for people and reviewers.

Nothing here connects to anything. On a terminal a table is laid out for reading; in a pipe it is one line an entry, its
columns apart by tabs, for grep and cut.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tai import resources, settings
from tai.catalog import Catalog, Collector, failed_cases, load_catalog, read_collector, trial, unproven
from tai.catalog.listing import when_text
from tai.catalog.slots import names_in
from tai.catalog.toml_lines import line_of
from tai.errors import EXIT_OK, EXIT_USAGE, ConfigError, InputError, PolicyRefusal
from tai.frontends.lines import counted
from tai.frontends.rows import Rows
from tai.policy import Canonical, Verdict, canonicalise, check
from tai.policy.line import propose
from tai.policy.listing import rows
from tai.policy.sudoers import fragment, grantable


def collectors(config_file: Path | None) -> int:
    """`tai collectors list`."""
    table = Rows("collector", "probe", "depth", "what it looks at", "command")
    for collector in _catalog(config_file).collectors:
        for probe in collector.probes:
            more = f" (or {counted(len(probe.variants), 'other form')})" if probe.variants else ""
            table.add_row(collector.name, probe.id, probe.depth, probe.title, " ".join(probe.argv) + more)
    table.show()
    return EXIT_OK


def collector(name: str, config_file: Path | None) -> int:
    """`tai collectors show NAME`: its probes with all their forms, and its signatures."""
    catalog = _catalog(config_file)
    found = next((each for each in catalog.collectors if each.name == name), None)
    if found is None:
        raise InputError(
            f"there is no collector '{name}'; there are: {', '.join(each.name for each in catalog.collectors)}"
        )
    sys.stdout.write(
        f"{found.name}: {found.title} ({catalog.files[found.name]})\n"
        f"category {found.category}; brought forward by: {', '.join(found.words) or 'no word'}\n\n"
    )
    _probes(found).show()
    sys.stdout.write("\n")
    _signatures(found).show()
    return EXIT_OK


def check_files(files: Sequence[Path], config_file: Path | None) -> int:
    """`tai collectors check FILE…`: each file's problems on standard error, by file, line and key; exit 2 when there is one.

    Each is checked as it would be loaded: on top of the shipped collectors and the user's other ones.
    """
    status = EXIT_OK
    for path in files:
        problems = [str(problem) for problem in _problems(path, settings.load(config_file).collectors_dir)]
        for problem in problems:
            sys.stderr.write(f"tai: {problem}\n")
        if problems:
            status = EXIT_USAGE
            continue
        _, read = read_collector(path)
        depths = Counter(probe.depth for probe in read.probes)
        told = ", ".join(
            f"{depths[depth]} {depth}" for depth in ("vital", "ticket", "named") if depths[depth]
        )
        probes = counted(len(read.probes), "probe") + (f" ({told})" if told else "")
        signatures = counted(len(read.signatures), "signature")
        cases = counted(sum(len(signature.cases) for signature in read.signatures), "case")
        sys.stdout.write(f"{path}: good, {probes}, {signatures}, {cases}\n")
    return status


def _problems(path: Path, own: Path) -> Iterator[ConfigError]:
    """Everything that is wrong with a collector file: what it cannot be loaded with first, then what its cases show."""
    try:
        text, read = read_collector(path)
        catalog = load_catalog([resources.folder("collectors"), own], files=[path])
    except ConfigError as error:
        yield error
        return
    until = time.process_time() + trial.TOTAL_S
    for n, signature in enumerate(read.signatures):
        name = f"signature({signature.id})"
        try:
            with trial.within(until - time.process_time()):
                failed = list(failed_cases(signature, catalog.parsers))
        except TimeoutError:
            yield _too_much(path, text, n, name)
            return
        for case, why in failed:
            yield ConfigError(
                path, why, line=line_of(text, ("signature", n, "case", case)), key=f"{name}.case"
            )
        for why in unproven(signature):
            yield ConfigError(path, why, line=line_of(text, ("signature", n, "id")), key=name)
        for (table, key), why in trial.slow(signature, until):
            line = line_of(text, ("signature", n, table, key))
            yield ConfigError(path, why, line=line, key=f"{name}.{table}.{key}")
        if time.process_time() >= until:
            yield _too_much(path, text, n, name)
            return


def _too_much(path: Path, text: str, n: int, name: str) -> ConfigError:
    return ConfigError(
        path,
        f"checking the file takes longer than {trial.TOTAL_S:g} s of processor time, so this signature and those behind it were "
        "not tried to the end; shorten the cases to the lines that matter, or split the file",
        line=line_of(text, ("signature", n, "id")),
        key=name,
    )


def policy_check(lines: Iterable[str], *, as_json: bool) -> int:
    """`tai policy check`: a verdict for each command of each line; exit 2 when one is refused."""
    status = EXIT_OK
    for line in lines:
        text = line.rstrip("\n")
        if not text.strip():
            continue
        for verdict, notes in _verdicts(text):
            status = EXIT_USAGE if verdict.decision == "refuse" else status
            sys.stdout.write((_as_json(text, verdict, notes) if as_json else _as_text(verdict, notes)) + "\n")
            sys.stdout.flush()
    return status


def policy_list() -> int:
    """`tai policy list`: the whole catalogue."""
    table = Rows("command", "tier", "flags", "operands", "always added", "effects")
    for row in rows():
        name = f"{row.program} {row.subcommand}".strip()
        flags, operands = ", ".join(row.flags), " or ".join(row.operands)
        table.add_row(name, row.tier.value, flags, operands, ", ".join(row.forced), row.effects)
    table.show()
    return EXIT_OK


def policy_sudoers(user: str, config_file: Path | None) -> int:
    """`tai policy sudoers`: a fragment for visudo on standard output."""
    sys.stdout.write(fragment(user, [*grantable(), *_marked(_catalog(config_file))]))
    return EXIT_OK


def _marked(catalog: Catalog) -> Iterable[Canonical]:
    """What the collectors send that may run with sudo, as far as its words are known before a host is."""
    for collector in catalog.collectors:
        for probe in collector.probes:
            for argv in (probe.argv, *(variant.argv for variant in probe.variants)):
                if not names_in(argv) and (command := canonicalise(argv)).sudo:
                    yield command


def _verdicts(text: str) -> list[tuple[Verdict, tuple[str, ...]]]:
    try:
        proposals = propose(text)
    except PolicyRefusal as refusal:
        return [(Verdict("refuse", None, None, (text,), refusal.reason, refusal.nearest, ()), ())]
    return [(check(each.argv), each.notes) for each in proposals]


def _as_text(verdict: Verdict, notes: Sequence[str]) -> str:
    tier = f" {verdict.tier.value}" if verdict.tier else ""
    nearest = f"; nearest allowed form: {verdict.nearest}" if verdict.nearest else ""
    said = "".join(f"; {note}" for note in (*notes, *verdict.notes))
    # repr keeps control characters and look-alike spaces of a refused line visible and off the terminal.
    shown = " ".join(verdict.argv) if verdict.command else repr(" ".join(verdict.argv))
    return f"{verdict.decision}{tier}  {shown}  ({verdict.reason}{nearest}{said})"


def _as_json(text: str, verdict: Verdict, notes: Sequence[str]) -> str:
    fields = {
        "line": text,
        "verdict": verdict.decision,
        "tier": verdict.tier.value if verdict.tier else None,
        "argv": list(verdict.argv) if verdict.command else None,
        "reason": verdict.reason,
        "nearest": verdict.nearest or None,
        "notes": [*notes, *verdict.notes],
    }
    return json.dumps(fields)


def _probes(found: Collector) -> Rows:
    table = Rows("probe", "depth", "what it looks at", "command", "when")
    for probe in found.probes:
        table.add_row(probe.id, probe.depth, probe.title, " ".join(probe.argv), when_text(probe, probe.when))
        for variant in probe.variants:
            table.add_row("", "", "or", " ".join(variant.argv), when_text(probe, variant.when))
    return table


def _signatures(found: Collector) -> Rows:
    table = Rows("signature", "severity", "kind", "reads", "what it means", "reference")
    for signature in found.signatures:
        table.add_row(
            signature.id,
            signature.severity,
            "cause" if signature.cause else "symptom",
            ", ".join(signature.reads),
            signature.title,
            signature.reference,
        )
    return table


def _catalog(config_file: Path | None) -> Catalog:
    chosen = settings.load(config_file)
    return load_catalog([resources.folder("collectors"), chosen.collectors_dir])
