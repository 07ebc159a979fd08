"""Where to look: which collectors the ticket and the findings so far point to, and how well. Pure.

Not the choice of commands (`tai.engine.plan`), which takes the ranks from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tai.catalog import Catalog, Collector, Probe
from tai.catalog.slots import SAMPLES, SUBJECT_SLOTS, fill_argv
from tai.errors import PolicyRefusal
from tai.model import Finding, Ticket
from tai.policy import canonicalise

# Weights: a word counts the more, the fewer collectors know it. A name that a probe can be run with (a port, a unit)
# counts like a word of one collector's own; an address is in many tickets that are not about the network.
_NAMES: Mapping[str, float] = {
    "units": 1.0,
    "processes": 1.0,
    "ports": 1.0,
    "mounts": 1.0,
    "paths": 1.0,
    "addresses": 0.4,
}
# A time window is no subject; among collectors that the ticket points to, those that can use it come first.
_WINDOW = 0.1
# Commands whose flags say how much is shown and not what is looked at.
_AMOUNT = frozenset({"-n", "-o", "-S", "-U", "-b", "-p", "-l", "--no-pager", "--no-ask-password", "--"})
# Flags whose value is a word of its own and no verb.
_TAKING = frozenset({"-u", "-n", "-o", "-S", "-U", "-p", "-t"})
# Folders that every program has something in.
_SHARED_FOLDER = re.compile(
    r"/etc/systemd|/(?:var|usr|sys|run|etc/systemd|usr/local|opt|srv)/(?:log|lib|tmp|cache|spool|run|share|bin|sbin|class|"
    r"devices|fs|system|etc|local|systemd|journal|block|kernel|mail|www)"
)
# A folder so deep is somebody's: /etc/systemd/system, but not /var/log.
_DEEP = 3
_VERB = re.compile(r"[a-z][a-z-]*")


@dataclass(frozen=True, slots=True)
class Pointed:
    """A collector with its score, 0 when nothing points to it, and why, as the plan tells it."""

    collector: Collector
    score: float
    why: str


def ranked(catalog: Catalog, ticket: Ticket, names: Sequence[str]) -> list[Pointed]:
    """All collectors, the one that the ticket speaks of most first. names: what the user chose."""
    knowing: dict[str, int] = {}
    for collector in catalog.collectors:
        for word in set(collector.words):
            knowing[word] = knowing.get(word, 0) + 1
    said = {*ticket.words, *_stems(ticket)}
    near = {path: _nearness(catalog, path) for path in ticket.paths}
    every = [_pointed(collector, ticket, said, knowing, near, names) for collector in catalog.collectors]
    return sorted(every, key=lambda each: -each.score)


def _pointed(  # noqa: PLR0917 - what there is to weigh
    collector: Collector,
    ticket: Ticket,
    said: set[str],
    knowing: Mapping[str, int],
    near: Mapping[str, Mapping[str, float]],
    names: Sequence[str],
) -> Pointed:
    words = [word for word in collector.words if word in said]
    kinds = [
        kind
        for kind in SUBJECT_SLOTS
        if named(ticket, kind) and any(_takes(probe, kind) for probe in collector.probes)
    ]
    paths = [path for path in ticket.paths if collector.name in near[path]]
    score = sum(1 / knowing[word] for word in words) + sum(_NAMES[kind] for kind in kinds)
    score += sum(near[path][collector.name] for path in paths)
    if score and ticket.window and any(_windowed(probe) for probe in collector.probes):
        score += _WINDOW
    if collector.name in names:
        why = "you asked for it"
    elif names:
        why = "you asked for this probe"
    elif words:
        why = f"the ticket says {', '.join(repr(word) for word in words[:3])}"
    elif paths:
        why = f"the ticket names {paths[0]}"
    elif kinds:
        why = f"the ticket names {named(ticket, kinds[0])[0]}"
    else:
        why = "part of every default run"
    return Pointed(collector, score, why)


def named(ticket: Ticket, kind: str) -> tuple[str, ...]:
    """The ticket's names of one kind: `units`, `ports`, `paths`, …, as words."""
    if kind == "paths":
        return ticket.paths
    assert kind in SUBJECT_SLOTS  # noqa: S101 - the catalog was checked
    return tuple(str(value) for value in getattr(ticket.subjects, kind))


def spoken_of(probe: Probe, ticket: Ticket) -> bool:
    """Whether the ticket points to this one probe, by the words or names that its conditions ask for."""
    return bool(set(probe.when.words).intersection(ticket.words)) or any(
        named(ticket, kind) for kind in probe.when.ticket
    )


def spoken_words(probe: Probe, ticket: Ticket) -> str:
    """What of the ticket points to this probe, as the plan tells it."""
    if words := [word for word in probe.when.words if word in ticket.words]:
        return f"the ticket says {', '.join(repr(word) for word in words[:3])}"
    names = [name for kind in probe.when.ticket for name in named(ticket, kind)]
    return f"the ticket names {names[0]}" if names else "the ticket speaks of it"


def led_to(catalog: Catalog, findings: Iterable[Finding]) -> tuple[dict[str, str], dict[str, str]]:
    """(collector → why, probe → why) that findings above `info` point to: by category, and by the checks that they name."""
    collectors: dict[str, str] = {}
    probes: dict[str, str] = {}
    for finding in findings:
        if finding.severity == "info":
            continue
        why = f"found {finding.signature}" + (f" ({finding.subject})" if finding.subject else "")
        wanted = {_shape(check) for check in finding.checks}
        for collector in catalog.collectors:
            if collector.category == finding.category:
                collectors.setdefault(collector.name, why)
            for probe in collector.probes:
                if wanted and wanted & _shapes(probe):
                    collectors.setdefault(collector.name, why)
                    probes.setdefault(probe.id, why)
    return collectors, probes


def _shapes(probe: Probe) -> frozenset[frozenset[str]]:
    return _shapes_of((probe.argv, *(variant.argv for variant in probe.variants)))


@lru_cache(
    maxsize=2048
)  # some 500 probes, asked about with each finding of each round: anew they were half of a run's work
def _shapes_of(forms: tuple[tuple[str, ...], ...]) -> frozenset[frozenset[str]]:
    return frozenset(_shape(fill_argv(form, SAMPLES)) for form in forms)


@lru_cache(maxsize=2048)
def _shape(argv: tuple[str, ...]) -> frozenset[str]:
    """A command without what it is asked about and how much it shows: journalctl and -u; cat and /etc/fstab; systemctl, show."""
    try:
        words = canonicalise(argv).argv
    except PolicyRefusal:
        return frozenset(argv)
    return frozenset(
        word
        for before, word in zip(("", *words), words, strict=False)
        if word not in _AMOUNT
        and before not in _TAKING
        and (word.startswith(("-", "/")) or _VERB.fullmatch(word))
    )


def _stems(ticket: Ticket) -> set[str]:
    """`nginx` of `nginx.service`, the names of processes, `25` of port 25: what collectors know such things by."""
    units = {unit.partition(".")[0].partition("@")[0] for unit in ticket.subjects.units}
    ports = map(str, ticket.subjects.ports)
    return {name.lower() for name in (*units, *ticket.subjects.processes, *ports)}


def _takes(probe: Probe, kind: str) -> bool:
    return kind in probe.when.ticket or any(
        not source.probe and source.field == kind for source in probe.for_each
    )


def _nearness(catalog: Catalog, path: str) -> dict[str, float]:
    """How well a path points to each collector that reads there, by name: 1 for one that alone reads this very file.

    As with words, what many read says the less of each: a path counts for a collector by how near the nearest thing that it
    reads lies, shared among those that read as near.
    """
    near: dict[str, float] = {}
    for collector in catalog.collectors:
        operands = {
            word
            for probe in collector.probes
            for argv in (probe.argv, *(variant.argv for variant in probe.variants))
            for word in argv[1:]
            if word.startswith("/") and "{" not in word
        }
        if found := max((_near(path, operand) for operand in operands), default=0.0):
            near[collector.name] = found
    return {name: one / sum(other >= one for other in near.values()) for name, one in near.items()}


def _near(path: str, operand: str) -> float:
    """1 for the same path, less the more they differ below a folder that both have and that tells something, 0 when none does.

    A folder tells something when it is one program's own, or when it is itself what is read and lies deep enough.
    """
    if path == operand:
        return 1.0
    common = _own_folders(path) & _own_folders(operand)
    if path.startswith(f"{operand}/") and operand.count("/") >= _DEEP:
        common.add(operand)
    longest = max(path.count("/"), operand.count("/"))
    return max((folder.count("/") for folder in common), default=0) / longest


def _own_folders(path: str) -> set[str]:
    """The folders of a path, and itself, that belong to one program: `/var/log/nginx`, `/etc/nginx`; not `/var/log`."""
    parts = path.strip("/").split("/")
    folders = {"/" + "/".join(parts[:n]) for n in range(2, len(parts) + 1)}
    return {each for each in folders if not _SHARED_FOLDER.fullmatch(each) and not each.startswith("/proc/")}


def _windowed(probe: Probe) -> bool:
    return any(
        "{since}" in word
        for argv in (probe.argv, *(variant.argv for variant in probe.variants))
        for word in argv
    )
