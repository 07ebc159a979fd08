"""Which commands to send, in which order, and why. Pure: facts, ticket and catalog in, a plan out; nothing is sent.

A plan is made in rounds. `plan` holds what can be known from the ticket and the host's facts; `expand` adds what earlier
rounds lead to: steps whose parameters they found (a journal for each failed unit), the collectors that findings point to,
the next best source where a tool was missing, and the other end of a time window that was too long for one answer. It is
called until it adds none. The same input gives the same steps with the same numbers.

First come the probes that are part of every run, one of each collector in turn, then those of the collectors that the
ticket points to, the better ones more often in a turn: no subject can starve another. Which collectors those are is
`tai.engine.pointing`; which form of a probe suits the host is `tai.engine.fitting`; time is `tai.engine.windows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tai.catalog import Catalog, Probe
from tai.catalog.matching import holds
from tai.catalog.model import Source
from tai.catalog.slots import WINDOW, fill_argv, names_in
from tai.engine import windows
from tai.engine.fitting import Form, first_fitting
from tai.engine.pointing import Pointed, led_to, named, ranked, spoken_of, spoken_words
from tai.errors import InputError, PolicyRefusal
from tai.events import PlannedStep
from tai.model import Facts, Finding, Observation, Ticket
from tai.policy import canonicalise

# Of what is left of the cap, each round leaves a third to what it finds.
_OF_THE_REST = 2 / 3
# So few are not divided further: each round costs the way to the host and back.
_WHOLE_ROUND = 8
# Without a name, a telling word or a finding to follow, a run keeps to so many; the path guard's own commands (one to
# resolve ten paths, one to look at them) make it some 60.
_DEFAULT_RUN = 50
# What counts as a telling word: one that a single collector knows, or several that few know. `slow` alone is none.
_TELLING = 1.0
# How many probes of the best collector come in a turn, where one of the least comes.
_MOST_IN_A_TURN = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One command to send. n: its number, from 1, which makes the observation's id; argv: canonical; why: what chose it.

    slots: what the probe's own slots were filled with. form: which of the probe's forms it is, 0 its own. parser: of that
    form. part: which part of a time window it reads.
    """

    n: int
    collector: str
    probe: Probe
    argv: tuple[str, ...]
    why: str
    parser: str
    slots: Mapping[str, str] = field(default_factory=dict)
    form: int = 0
    part: windows.Part | None = None

    @property
    def id(self) -> str:
        """The id that the observation gets: `E7`."""
        return f"E{self.n}"

    @property
    def planned(self) -> PlannedStep:
        """This step as the event stream tells it."""
        return PlannedStep(
            n=self.n, collector=self.collector, probe=self.probe.id, argv=self.argv, why=self.why
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """steps: in order of their numbers; skipped: what is left out, each `collector/probe: reason`.

    names: collectors and probes that the user chose, () for the default run; max_commands: the cap on steps.
    first: the number of the first step; sent: canonical argvs that were sent before, and are not planned again.
    """

    ticket: Ticket
    facts: Facts
    steps: tuple[Step, ...] = ()
    skipped: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    max_commands: int = 100
    first: int = 1
    sent: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known by now. data: probe id → its parsed rows, all runs of the probe together.

    ended: canonical argv → what came of it. findings: of all rounds.
    """

    data: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ended: Mapping[tuple[str, ...], Observation] = field(default_factory=dict)
    findings: Sequence[Finding] = ()


def plan(
    catalog: Catalog,
    ticket: Ticket,
    facts: Facts,
    *,
    max_commands: int = 100,
    names: Sequence[str] = (),
    first: int = 1,
    sent: Iterable[tuple[str, ...]] = (),
) -> Plan:
    """The first round. names: collectors or probes to keep to; a probe named so runs whatever its depth.

    first: the number of the first step, after attachments that were numbered before. sent: canonical argvs not to repeat.
    Raises InputError for a name that is neither a collector's nor a probe's.
    """
    known = {collector.name for collector in catalog.collectors} | catalog.probes.keys()
    if unknown := [name for name in names if name not in known]:
        raise InputError(
            f"there is no collector or probe '{unknown[0]}'; collectors: {', '.join(c.name for c in catalog.collectors)}"
        )
    empty = Plan(ticket, facts, (), (), tuple(names), max_commands, first, frozenset(sent))
    return _Round(empty, catalog, Seen()).made()


def expand(made: Plan, catalog: Catalog, seen: Seen) -> Plan:
    """The plan with the steps that `seen` makes possible; the same plan when there are none.

    Call it again with what the new steps brought until it adds no step.
    """
    return _Round(made, catalog, seen).made()


def later(made: Plan, catalog: Catalog) -> tuple[str, ...]:
    """What may follow in later rounds, a line each: what runs for values yet to be found, and for findings."""
    lines: list[str] = []
    planned = {step.probe.id for step in made.steps}
    for pointed in ranked(catalog, made.ticket, made.names):
        collector, waiting = pointed.collector, 0
        for probe in collector.probes:
            sources = [source for source in (*probe.for_each, *probe.needs) if source.probe]
            if probe.id in planned or probe.depth == "named":
                continue
            if not _chosen(probe, pointed, made, {}, {}):
                waiting += not made.names
            elif sources:
                most = f", up to {probe.most}"
                found = " or ".join(dict.fromkeys(source.of for source in sources))
                when = (
                    f"for each {found} that is found{most}" if probe.for_each else f"if any {found} is found"
                )
                lines.append(f"{collector.name}/{probe.id}: {when}")
        if waiting:
            lines.append(
                f"{collector.name}: {waiting} more when a finding of the category {collector.category} points there, "
                f"or with --collect {collector.name}"
            )
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A step that could be made: everything but its number."""

    collector: str
    probe: Probe
    argv: tuple[str, ...]
    why: str
    form: Form
    values: Mapping[str, str]
    part: windows.Part | None = None


@lru_cache(maxsize=4096)
def _canonical(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Each round asks for most of the commands of the rounds before it. Raises PolicyRefusal."""
    return canonicalise(argv).argv


class _Round:
    """One growing of a plan."""

    def __init__(self, before: Plan, catalog: Catalog, seen: Seen) -> None:
        self._before = before
        self._catalog = catalog
        self._seen = seen
        self._window = windows.slots(before.ticket.window, before.facts)
        self._pointed = ranked(catalog, before.ticket, before.names)
        self._led, self._led_probes = led_to(catalog, seen.findings)
        self._urgent, _ = led_to(catalog, [each for each in seen.findings if each.severity == "critical"])
        self._skipped = dict.fromkeys(before.skipped)
        self._taken = {*before.sent, *(step.argv for step in before.steps)}

    def made(self) -> Plan:
        steps = list(self._before.steps)
        n = max([self._before.first, *(step.n + 1 for step in steps)])
        room = self._room()
        for candidate in self._in_order():
            if candidate.argv in self._taken:
                continue
            if not room:
                if len(steps) == self._cap:
                    self._full(candidate)
                continue
            self._taken.add(candidate.argv)
            room -= 1
            steps.append(
                Step(
                    n,
                    candidate.collector,
                    candidate.probe,
                    candidate.argv,
                    candidate.why,
                    candidate.form.parser,
                    candidate.values,
                    candidate.form.index,
                    candidate.part,
                )
            )
            n += 1
        return replace(self._before, steps=tuple(steps), skipped=tuple(self._skipped))

    @property
    def _led_by_something(self) -> bool:
        """Whether there is more to follow than the default run: the user's choice, the ticket's, or a finding."""
        return bool(self._before.names or self._led or any(each.score >= _TELLING for each in self._pointed))

    @property
    def _cap(self) -> int:
        most = self._before.max_commands
        return most if self._led_by_something else min(most, _DEFAULT_RUN)

    def _room(self) -> int:
        left = max(0, self._cap - len(self._before.steps))
        # What does not fit now has another chance in the next round, after what this one found.
        if self._before.names:
            return left
        kept = left - round(left * _OF_THE_REST) if self._led_by_something else _WHOLE_ROUND
        return min(left, max(_WHOLE_ROUND, left - kept))

    def _full(self, candidate: _Candidate) -> None:
        cap = f"the cap of {self._cap} commands is reached"
        more = "max_commands" if self._cap == self._before.max_commands else "name a collector for more"
        self._skipped[f"{candidate.collector}/{candidate.probe.id}: {cap} ({more})"] = None

    def _in_order(self) -> Iterator[_Candidate]:
        yield from self._rest_of_windows()
        vital, more = list[list[_Candidate]](), list[tuple[int, list[_Candidate]]]()
        urgent = list[tuple[int, list[_Candidate]]]()
        best = max((each.score for each in self._pointed), default=0)
        for pointed in self._pointed:
            found = list(self._of(pointed))
            vital.append([each for each in found if each.probe.depth == "vital"])
            others = [each for each in found if each.probe.depth != "vital"]
            # What a finding's own checks name goes first.
            others.sort(key=lambda each: each.probe.id not in self._led_probes)
            led = pointed.collector.name in self._led
            share = 1.0 if led or not best else pointed.score / best
            # What follows from the worst that was found does not wait for its turn behind all that the ticket speaks of.
            if pointed.collector.name in self._urgent:
                urgent.append((2 * _MOST_IN_A_TURN, others))
            else:
                more.append((max(1, round(_MOST_IN_A_TURN * share)), others))
        yield from _in_turn([(1, each) for each in vital])
        yield from _in_turn([*urgent, *more])

    def _rest_of_windows(self) -> Iterator[_Candidate]:
        """The other end of what a window's limit cut off, and the older files of a log that begins too late."""
        for step in self._before.steps:
            seen = self._seen.ended.get(step.argv)
            if seen is None:
                continue
            for argv, part, why in windows.rest(step.argv, step.part, seen, self._known_paths()):
                form = Form(step.form, step.probe.when, step.argv, step.parser)
                candidate = self._candidate(step.collector, step.probe, argv, why, form, step.slots, part)
                if candidate:
                    yield candidate

    def _known_paths(self) -> list[str]:
        """Paths that listings have shown."""
        rows = [row for found in self._seen.data.values() for row in found if isinstance(row, dict)]
        return [row["path"] for row in rows if isinstance(row.get("path"), str)]

    def _of(self, pointed: Pointed) -> Iterator[_Candidate]:
        """The candidates of one collector, in the file's order. Tells in `skipped` what does not suit."""
        for probe in pointed.collector.probes:
            if _chosen(probe, pointed, self._before, self._led, self._led_probes):
                yield from self._for_probe(pointed, probe)

    def _for_probe(self, pointed: Pointed, probe: Probe) -> Iterator[_Candidate]:
        if probe.needs and not any(self._found(source) for source in probe.needs):
            return
        collector, names = pointed.collector, self._before.names
        label = f"{collector.name}/{probe.id}"
        by_name = probe.id in names
        runs = [step for step in self._before.steps if step.probe.id == probe.id]
        why = self._why(pointed, probe)
        for values, source in self._values(probe, runs, label):
            tried = {
                step.form: self._seen.ended[step.argv]
                for step in runs
                if dict(step.slots) == values and step.argv in self._seen.ended
            }
            fitting = first_fitting(probe, self._before.facts, self._before.ticket, tried, by_name=by_name)
            if isinstance(fitting, str):
                if not tried:
                    self._skipped[f"{label}: {fitting}"] = None
                continue
            form, instead = fitting
            told = f"{instead}: the next best source" if instead else source or why
            argv = fill_argv(form.argv, {**self._window, **values})
            part = windows.first_part(form.argv, argv, self._before.ticket.window, self._before.facts)
            candidate = self._candidate(collector.name, probe, argv, told, form, values, part)
            if candidate:
                yield candidate

    def _candidate(  # noqa: PLR0917 - a candidate's parts, in their order
        self,
        collector: str,
        probe: Probe,
        argv: Sequence[str],
        why: str,
        form: Form,
        values: Mapping[str, str],
        part: windows.Part | None,
    ) -> _Candidate | None:
        try:
            canonical = _canonical(tuple(argv))
        except PolicyRefusal as refusal:
            self._skipped[f"{collector}/{probe.id}: {refusal}"] = None
            return None
        return _Candidate(collector, probe, canonical, why, form, values, part)

    def _why(self, pointed: Pointed, probe: Probe) -> str:
        if self._before.names:
            return pointed.why
        name = pointed.collector.name
        if probe.depth != "vital" and not pointed.score:
            led = self._led_probes.get(probe.id) or self._led.get(name)
            return led or spoken_words(probe, self._before.ticket)
        return pointed.why if pointed.score else "part of every default run"

    def _values(self, probe: Probe, runs: Sequence[Step], label: str) -> list[tuple[dict[str, str], str]]:
        """What to fill the probe's slot with, once for each run, and where that came from; at most `most` in all rounds."""
        if not probe.for_each:
            return [({}, "")]
        slot = next(iter(names_in(probe.argv) - WINDOW))
        found: dict[str, str] = {step.slots[slot]: "" for step in runs if slot in step.slots}
        for source in probe.for_each:
            for value, origin in self._found(source):
                wanted = _as_unit(value) if slot == "unit" else value
                if wanted and not found.get(wanted):
                    found[wanted] = origin
        if len(found) > probe.most:
            self._skipped[f"{label}: {len(found)} were found, the first {probe.most} are looked at"] = None
        return [({slot: value}, origin) for value, origin in list(found.items())[: probe.most]]

    def _found(self, source: Source) -> list[tuple[str, str]]:
        if not source.probe:
            return [
                (value, f"the ticket names {value}") for value in named(self._before.ticket, source.field)
            ]
        rows = self._seen.data.get(source.probe, ())
        fitting = [row for row in rows if all(holds(test, row) for test in source.where)]
        values = [str(row[source.field]) for row in fitting if row.get(source.field)]
        return [(value, f"{source.probe} found {value}") for value in values]


def _chosen(
    probe: Probe, pointed: Pointed, made: Plan, led: Mapping[str, str], led_probes: Mapping[str, str]
) -> bool:
    """Whether a probe is considered, by its depth."""
    if probe.id in made.names:
        return True
    if probe.depth == "named":
        return False
    if made.names:
        return pointed.collector.name in made.names
    return (
        probe.depth == "vital"
        or pointed.score > 0
        or pointed.collector.name in led
        or probe.id in led_probes
        or spoken_of(probe, made.ticket)
    )


def filled(probe: Probe, ticket: Ticket, facts: Facts, values: Mapping[str, str]) -> tuple[str, ...] | str:
    """The argv of a probe that somebody names with its values, in the form that suits the host; or why there is none.

    values: by slot; those that the probe does not have are left aside. Not yet checked by the policy.
    """
    fitting = first_fitting(probe, facts, ticket, {}, by_name=True)
    if isinstance(fitting, str):
        return fitting
    form, _ = fitting
    known = {**values, **windows.slots(ticket.window, facts)}
    if "unit" in known:
        known["unit"] = _as_unit(known["unit"])
    if absent := sorted(names_in(form.argv) - WINDOW - {slot for slot, value in known.items() if value}):
        return f"it needs a {' and a '.join(absent)}"
    return fill_argv(form.argv, known)


def _in_turn(queues: Sequence[tuple[int, Sequence[_Candidate]]]) -> Iterator[_Candidate]:
    """So many of each queue as it may have in a turn, until all are empty."""
    at = [0] * len(queues)
    while any(at[k] < len(queue) for k, (_, queue) in enumerate(queues)):
        for k, (share, queue) in enumerate(queues):
            yield from queue[at[k] : at[k] + share]
            at[k] += share


_SUFFIXES = (
    ".service",
    ".socket",
    ".timer",
    ".mount",
    ".target",
    ".path",
    ".slice",
    ".scope",
    ".swap",
    ".automount",
    ".device",
)


def _as_unit(name: str) -> str:
    """systemctl takes `nginx` for `nginx.service`; written out, the same unit is not asked about twice."""
    return name if name.endswith(_SUFFIXES) else f"{name}.service"
