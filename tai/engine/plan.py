"""Which commands to send, in which order, and why. Pure: facts, ticket and catalog in, a plan out; nothing is sent.

A plan is made in rounds. `plan` holds what can be known from the ticket and the host's facts; `expand` adds the steps
whose parameters come from what earlier steps found (a journal for each failed unit), and is called until it adds none.
The same input gives the same steps with the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tai.catalog import Catalog, Collector, Probe
from tai.catalog.matching import holds
from tai.catalog.model import Source, When
from tai.catalog.slots import SUBJECT_SLOTS, WINDOW, fill_argv, names_in
from tai.catalog.versions import within
from tai.errors import InputError, PolicyRefusal
from tai.events import PlannedStep
from tai.model import Facts, Ticket, Window
from tai.policy import canonicalise

# A fault begins before somebody notices: what stands in the half hour before the window belongs to the picture.
_BEFORE = timedelta(minutes=30)
# A window with an end and no beginning ("until 14:30") still needs a bound.
_OPEN = timedelta(hours=6)
# The host's clock is allowed for from here on; below, its own log has the right minute anyway.
_CLOCK_STEP_S = 60


@dataclass(frozen=True, slots=True)
class Step:
    """One command to send. n: its number, from 1, which makes the observation's id; argv: canonical; why: what chose it.

    slots: what the probe's own slots were filled with. ok_exit, parser: as the probe (or its variant) says.
    """

    n: int
    collector: str
    probe: Probe
    argv: tuple[str, ...]
    why: str
    parser: str
    slots: Mapping[str, str] = field(default_factory=dict)

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
    max_commands: int = 60
    first: int = 1
    sent: frozenset[tuple[str, ...]] = frozenset()


def plan(
    catalog: Catalog,
    ticket: Ticket,
    facts: Facts,
    *,
    max_commands: int = 60,
    names: Sequence[str] = (),
    first: int = 1,
    sent: Iterable[tuple[str, ...]] = (),
) -> Plan:
    """The first round. names: collectors or probes to keep to; a probe named so runs even when it is not in the default run.

    first: the number of the first step, after attachments that were numbered before. sent: canonical argvs not to repeat.
    Raises InputError for a name that
    is neither a collector's nor a probe's.
    """
    known = {collector.name for collector in catalog.collectors} | catalog.probes.keys()
    if unknown := [name for name in names if name not in known]:
        raise InputError(
            f"there is no collector or probe '{unknown[0]}'; collectors: {', '.join(c.name for c in catalog.collectors)}"
        )
    empty = Plan(ticket, facts, (), (), tuple(names), max_commands, first, frozenset(sent))
    return _grow(empty, catalog, {})


def expand(made: Plan, catalog: Catalog, data: Mapping[str, Sequence[Any]]) -> Plan:
    """The plan with the steps that `data` makes possible; the same plan when there are none.

    data: probe id → its parsed rows, all runs of the probe together. Call it again with the new rows until it adds no step.
    """
    return _grow(made, catalog, data)


def _grow(made: Plan, catalog: Catalog, data: Mapping[str, Sequence[Any]]) -> Plan:
    window = _window_slots(made.ticket.window, made.facts)
    steps = list(made.steps)
    skipped = dict.fromkeys(made.skipped)
    sent = {*made.sent, *(step.argv for step in steps)}
    # A probe without for_each is settled in the first round, run or skipped.
    settled = bool(made.steps or made.skipped)
    n = max([made.first, *(step.n + 1 for step in steps)])
    for collector, why in _ordered(catalog, made):
        for probe in collector.probes:
            if not _chosen(probe, collector, made.names) or (settled and not (probe.for_each or probe.needs)):
                continue
            if probe.needs and not any(_from(source, made.ticket, data) for source in probe.needs):
                continue
            label = f"{collector.name}/{probe.id}"
            fitting = _fitting(probe, made)
            if isinstance(fitting, str):
                skipped[f"{label}: {fitting}"] = None
                continue
            argv, parser = fitting
            for values, source in _values(probe, made.ticket, data, names_in(argv)):
                if len(steps) >= made.max_commands:
                    skipped[f"{label}: the cap of {made.max_commands} commands is reached (max_commands)"] = (
                        None
                    )
                    break
                try:
                    canonical = canonicalise(fill_argv(argv, {**window, **values})).argv
                except PolicyRefusal as refusal:
                    skipped[f"{label}: {refusal}"] = None
                    continue
                if canonical not in sent:
                    sent.add(canonical)
                    steps.append(Step(n, collector.name, probe, canonical, source or why, parser, values))
                    n += 1
    return replace(made, steps=tuple(steps), skipped=tuple(skipped))


def filled(probe: Probe, ticket: Ticket, facts: Facts, values: Mapping[str, str]) -> tuple[str, ...] | str:
    """The argv of a probe that somebody names with its values, in the form that suits the host; or why there is none.

    values: by slot; those that the probe does not have are left aside. Not yet checked by the policy.
    """
    fitting = _fitting(probe, Plan(ticket, facts, names=(probe.id,)))
    if isinstance(fitting, str):
        return fitting
    argv, _ = fitting
    known = {**values, **_window_slots(ticket.window, facts)}
    if "unit" in known:
        known["unit"] = _as_unit(known["unit"])
    if absent := sorted(names_in(argv) - WINDOW - {slot for slot, value in known.items() if value}):
        return f"it needs a {' and a '.join(absent)}"
    return fill_argv(argv, known)


def _ordered(catalog: Catalog, made: Plan) -> list[tuple[Collector, str]]:
    """The collectors with the reason for each, those that the ticket's words speak of first."""
    words = set(made.ticket.words)

    def telling(collector: Collector) -> list[str]:
        return [word for word in collector.words if word in words]

    ranked = sorted(catalog.collectors, key=lambda collector: -len(telling(collector)))
    return [(collector, _because(collector, telling(collector), made.names)) for collector in ranked]


def _because(collector: Collector, words: Sequence[str], names: Sequence[str]) -> str:
    if collector.name in names:
        return "you asked for it"
    if names:
        return "you asked for this probe"
    if words:
        return f"the ticket says {', '.join(repr(word) for word in words[:3])}"
    return "part of every default run"


def _chosen(probe: Probe, collector: Collector, names: Sequence[str]) -> bool:
    if probe.id in names:
        return True
    return probe.depth != "named" and (not names or collector.name in names)


def _fitting(probe: Probe, made: Plan) -> tuple[tuple[str, ...], str] | str:
    """argv and parser of the first form of the probe that suits host and ticket, or why none does."""
    if probe.id in made.names and not probe.variants:
        reasons = _misfit(When(tools=probe.when.tools), probe.argv, made)
        return reasons or (probe.argv, probe.parser)
    forms = [(probe.when, probe.argv, None), *((v.when, v.argv, v.parser) for v in probe.variants)]
    reasons = ""
    for when, argv, parser in forms:
        reason = _misfit(when, argv, made)
        if not reason:
            return argv, probe.parser if parser is None else parser
        reasons = reasons or reason
    return reasons


def _misfit(when: When, argv: Sequence[str], made: Plan) -> str:  # noqa: PLR0911 - one return for each reason
    """Why this form of a probe does not suit; '' when it does. What the host did not tell is not held against it."""
    facts, ticket = made.facts, made.ticket
    tools = set(facts.tools)
    if tools and (absent := [tool for tool in (*when.tools, argv[0]) if tool not in tools]):
        return f"the host has no {absent[0]}"
    if tools and (present := [tool for tool in when.without if tool in tools]):
        return f"not needed, the host has {present[0]}"
    if when.without and not tools:
        return "not known to be needed"
    if facts.family and when.family and facts.family not in when.family:
        return f"it is for {', '.join(when.family)} hosts"
    if facts.os_id and when.os and facts.os_id not in when.os:
        return f"it is for {', '.join(when.os)} hosts"
    if when.os_version and within(facts.os_version, when.os_version) is False:
        return f"it is for versions {when.os_version} of the distribution"
    if when.kernel and within(facts.kernel, when.kernel) is False:
        return f"it is for kernels {when.kernel}"
    if facts.init and when.init and facts.init not in when.init:
        return f"it is for hosts with {' or '.join(when.init)}"
    if when.root is not None and facts.euid is not None and when.root != (facts.euid == 0):
        return "it needs root" if when.root else "it is not for root"
    if when.window is not None and when.window != bool(ticket.window):
        return "the ticket has no time window" if when.window else "the ticket has a time window"
    if when.ticket and not any(_named(ticket, kind) for kind in when.ticket):
        return f"the ticket names no {' or '.join(when.ticket)}"
    if when.words and not set(when.words).intersection(ticket.words):
        return "the ticket does not speak of it"
    return ""


def _values(
    probe: Probe, ticket: Ticket, data: Mapping[str, Sequence[Any]], slots: Iterable[str]
) -> list[tuple[dict[str, str], str]]:
    """What to fill the probe's slot with, once for each run, and where that came from."""
    if not probe.for_each:
        return [({}, "")]
    slot = next(iter(set(slots) - WINDOW))
    found: dict[str, str] = {}
    for source in probe.for_each:
        for value, origin in _from(source, ticket, data):
            named = _as_unit(value) if slot == "unit" else value
            if named:
                found.setdefault(named, origin)
    return [({slot: value}, origin) for value, origin in list(found.items())[: probe.most]]


def _from(source: Source, ticket: Ticket, data: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    if not source.probe:
        return [(str(value), f"the ticket names {value}") for value in _named(ticket, source.field)]
    rows = [row for row in data.get(source.probe, ()) if all(holds(test, row) for test in source.where)]
    values = [str(row[source.field]) for row in rows if row.get(source.field)]
    return [(value, f"{source.probe} found {value}") for value in values]


def _named(ticket: Ticket, kind: str) -> tuple[Any, ...]:
    if kind == "paths":
        return ticket.paths
    assert kind in SUBJECT_SLOTS  # noqa: S101 - the catalog was checked
    return tuple(getattr(ticket.subjects, kind))


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


def _window_slots(window: Window, facts: Facts) -> dict[str, str]:
    """The ticket's window as the host's journalctl takes it: in UTC, by the host's clock, with the time before it."""
    since, until = window.since, window.until
    if since is None and until is not None:
        since = until - _OPEN
    offset = facts.clock_offset_s or 0.0
    shift = timedelta(minutes=round(offset / 60)) if abs(offset) >= _CLOCK_STEP_S else timedelta()
    slots: dict[str, str] = {}
    if since is not None:
        slots["since"] = _stamp(since - _BEFORE + shift)
    if until is not None:
        slots["until"] = _stamp(until + shift)
    return slots


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
