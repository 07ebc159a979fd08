"""Which form of a probe suits a host: by its facts, by the ticket, and by what has turned out missing. Pure.

A form is the probe's own argv or one of its variants. Chosen by facts, not by trial; where the facts were wrong (the
program is there and broken, the file may not be read), the next fitting form is taken in the next round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tai.catalog import Probe
from tai.catalog.model import When
from tai.catalog.versions import within
from tai.engine.pointing import named
from tai.model import OTHER_OPTIONS, Facts, Observation, Outcome, Ticket

# Programs that print a file: when it is not there, another form may know where else it is.
_READERS = frozenset({"cat", "head", "tail", "ls", "gzip", "xzcat", "bzcat", "zstdcat", "stat", "grep"})


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask. index: 0 for the probe's own, then its variants in order."""

    index: int
    when: When
    argv: tuple[str, ...]
    parser: str


def forms(probe: Probe) -> Iterator[Form]:
    """The probe's own form, then its variants."""
    yield Form(0, probe.when, probe.argv, probe.parser)
    for n, variant in enumerate(probe.variants, start=1):
        parser = probe.parser if variant.parser is None else variant.parser
        yield Form(n, variant.when, variant.argv, parser)


def failed(form: Form, seen: Observation) -> str:
    """Why this form gave no answer that another could give, '' when it did or no other would."""
    match seen.outcome:
        case Outcome.MISSING_TOOL:
            return f"{form.argv[0]} is missing"
        case Outcome.NO_PERMISSION:
            return f"{form.argv[0]} was not permitted"
        case Outcome.FAILED if OTHER_OPTIONS in seen.reason:
            return f"{form.argv[0]} has other options there"
        case Outcome.EMPTY | Outcome.FAILED if form.argv[0] in _READERS and seen.exit not in (0, None):
            return "there is no such file"
        case _:
            return ""


def misfit(  # noqa: PLR0911 - one return for each reason
    form: Form, facts: Facts, ticket: Ticket, gone: Mapping[str, Outcome], *, by_name: bool, alone: bool
) -> str:
    """Why a form does not suit; '' when it does. What the host did not tell is not held against it.

    gone: programs that turned out missing or not permitted. by_name: the user asked for the probe, so that what the ticket
    says does not matter; alone: nor is there another form, so that only the tools do.
    """
    when, tools = form.when, set(facts.tools)
    absent = {name for name, outcome in gone.items() if outcome is Outcome.MISSING_TOOL}
    needed = (*when.tools, form.argv[0])
    if lacking := [tool for tool in needed if tool in absent or (tools and tool not in tools)]:
        return f"the host has no {lacking[0]}"
    if present := [tool for tool in when.without if tool in tools and tool not in gone]:
        return f"not needed, the host has {present[0]}"
    if not tools and any(tool not in gone for tool in when.without):
        return "not known to be needed"
    if alone:
        return ""
    if reason := _wrong_host(when, facts):
        return reason
    if when.window is not None and when.window != bool(ticket.window):
        return "the ticket has no time window" if when.window else "the ticket has a time window"
    if by_name:
        return ""
    if when.ticket and not any(named(ticket, kind) for kind in when.ticket):
        return f"the ticket names no {' or '.join(when.ticket)}"
    if when.words and not set(when.words).intersection(ticket.words):
        some = ", ".join(when.words[:3]) + (", …" if len(when.words) > 3 else "")
        return f"the ticket does not speak of it ({some})"
    return ""


def _wrong_host(when: When, facts: Facts) -> str:  # noqa: PLR0911 - one return for each reason
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
    return ""


def first_fitting(
    probe: Probe,
    facts: Facts,
    ticket: Ticket,
    tried: Mapping[int, Observation],
    *,
    by_name: bool = False,
) -> tuple[Form, str] | str:
    """The form to use and why it is not the first choice ('' when it is), or why none suits.

    tried: forms that were sent for the same value, by index, with what came of them.
    """
    gone: dict[str, Outcome] = {}
    because: list[str] = []
    reason = ""
    for form in forms(probe):
        unfit = misfit(form, facts, ticket, gone, by_name=by_name, alone=by_name and not probe.variants)
        if unfit:
            reason = reason or unfit
            continue
        seen = tried.get(form.index)
        why = failed(form, seen) if seen else ""
        if not why:
            return form, ", ".join(because)
        because.append(why)
        if seen and (
            seen.outcome in (Outcome.MISSING_TOOL, Outcome.NO_PERMISSION) or OTHER_OPTIONS in seen.reason
        ):
            gone[form.argv[0]] = seen.outcome
    return reason or ", ".join(because)
