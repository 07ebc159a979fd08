"""A proposed check → one that tai would run, or why not. Nothing is sent here.

Who proposes (a model, a rule) decides nothing: a probe is one of the catalogue, filled as the planner fills it, and what
comes out, like any command given in words, is what the policy makes of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from tai.answer import SaidCheck
from tai.catalog import Catalog
from tai.catalog.slots import WINDOW, names_in
from tai.engine.plan import filled
from tai.model import Facts, NextCheck, Observation, Ticket
from tai.policy import check
from tai.text import sanitise_line

Settle = Callable[[SaidCheck], NextCheck | str]
"""The check as it may be run, or, in words, why it is not offered."""

_LONGEST_SHOWN = 200


def by_policy(said: SaidCheck) -> NextCheck | str:
    """A check that is given as a command, as the policy decides it; without a catalogue there are no probes."""
    if not said.argv:
        return f"{_name(said)}: no command was given"
    return _decided(said.argv, said)


class Checks:
    """A `Settle` for one host and ticket. observations: what was looked at already is not offered again."""

    def __init__(
        self, catalog: Catalog, ticket: Ticket, facts: Facts, observations: Sequence[Observation]
    ) -> None:
        self._catalog = catalog
        self._ticket = ticket
        self._facts = facts
        self._done = {seen.argv: seen.id for seen in observations if seen.argv and seen.outcome.answered}

    def __call__(self, said: SaidCheck) -> NextCheck | str:
        """See `Settle`."""
        settled = self._of_probe(said) if said.probe else by_policy(said)
        if isinstance(settled, NextCheck) and settled.argv in self._done:
            return f"{shlex.join(settled.argv)}: it was run already, see {self._done[settled.argv]}"
        return settled

    def _of_probe(self, said: SaidCheck) -> NextCheck | str:
        probe = self._catalog.find_probe(said.probe)
        if probe is None:
            # A model puts a command where a probe belongs, or gives both.
            return by_policy(said) if said.argv else f"{_name(said)}: {self._no_probe(said.probe)}"
        values = {value.name: value.value for value in said.values}
        argv = filled(probe, self._ticket, self._facts, values)
        if isinstance(argv, str):
            return f"{_name(said)}: {argv}"
        return _decided(argv, said, probe=probe.id)

    def _no_probe(self, name: str) -> str:
        for collector in self._catalog.collectors:
            if collector.name == name:
                return f"a check is one probe of it: {', '.join(probe.id for probe in collector.probes)}"
        return "there is no such probe"


def probe_names(catalog: Catalog) -> tuple[str, ...]:
    """Every probe as a model may name it, with the values it needs: `unit-journal(unit)`."""
    named = []
    for probe in catalog.probes.values():
        slots = sorted(names_in(probe.argv) - WINDOW)
        named.append(f"{probe.id}({', '.join(slots)})" if slots else probe.id)
    return tuple(named)


def _decided(argv: Sequence[str], said: SaidCheck, *, probe: str = "") -> NextCheck | str:
    verdict = check(argv)
    if verdict.command is None or verdict.tier is None:
        return f"{_shown(shlex.join(argv))}: {_shown(verdict.reason)}"
    return NextCheck(argv=verdict.command.argv, why=said.why, tier=verdict.tier.value, probe=probe)


def _name(said: SaidCheck) -> str:
    return _shown(said.probe or shlex.join(said.argv) or "a check without a name")


def _shown(text: str) -> str:
    return sanitise_line(text)[:_LONGEST_SHOWN]
