"""What the types of a collector file cannot say: slots, the policy, parsers, regular expressions, templates.

Checks one collector by itself; names that lead to other files are checked where all are known (`tai.catalog.load`).
Cases are not run here, because every start of tai would pay for them: `failed_cases` does that for
`tai collectors check` and for the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tai.catalog.matching import hits
from tai.catalog.model import Collector, Match, Probe, Signature
from tai.catalog.patterns import compiled, unsafe
from tai.catalog.slots import SAMPLES, SUBJECT_SLOTS, WINDOW, fill_argv, names_in
from tai.errors import PolicyRefusal
from tai.parsers import known, parse
from tai.parsers.journal import ENTRY_FIELDS
from tai.parsers.lines import Lines
from tai.policy import Tier, canonicalise

ALWAYS_TOLD = frozenset({"asked", "count", "process", "unit"})
"""Names that every template may use: the file that the command was asked about, how many lines fitted, and whose words they
are (`tai.parsers.speaker`).
"""

Location = tuple[str | int, ...]
Problem = tuple[Location, str]


def check_collector(collector: Collector) -> Iterator[Problem]:
    """Every problem with where it is, in the file's order."""
    for n, probe in enumerate(collector.probes):
        for location, problem in _check_probe(probe):
            yield ("probe", n, *location), problem
    for n, signature in enumerate(collector.signatures):
        for location, problem in _check_signature(signature):
            yield ("signature", n, *location), problem


def failed_cases(signature: Signature, parsers: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The cases of a signature that do not come out as they say, by index, with what happened.

    parsers: kind of text → parser name, for signatures that look at rows.
    """
    for n, case in enumerate(signature.cases):
        kind = case.kind or signature.reads[0]
        rows = None
        if parser := parsers.get(kind):
            try:
                rows = parse(parser, case.text)
            except ValueError as error:
                yield n, f"the parser {parser} gave up: {error}"
                continue
        found = list(hits(signature.match, Lines(case.text), rows))
        if bool(found) != case.matches:
            yield n, f"it {'fits' if found else 'does not fit'}, and should{' not' if found else ''}"
        for name, wanted in case.values.items() if found else ():
            if str(found[0].values.get(name)) != wanted:
                yield n, f"{name} is {found[0].values.get(name)!r}, and should be {wanted!r}"


def unproven(signature: Signature) -> Iterator[str]:
    """What a signature lacks of its proof: a reference, a case that fits and one that nearly does.

    A user's file loads without, so that a rule can be tried; `tai collectors check` and the tests ask for it.
    """
    if not signature.reference:
        yield "reference is missing: the manual page, kernel document or systemd catalog entry that knows this message"
    for wanted, what in ((True, "fits"), (False, "nearly fits, and must not")):
        if not any(case.matches is wanted for case in signature.cases):
            yield f"a case is missing that {what}: [[signature.case]] with matches = {str(wanted).lower()}"


def _check_probe(probe: Probe) -> Iterator[Problem]:
    for key, source in (*(("for_each", s) for s in probe.for_each), *(("needs", s) for s in probe.needs)):
        if not source.probe and source.field not in SUBJECT_SLOTS:
            yield (key,), f"'{source.of}' is neither PROBE.FIELD nor one of {', '.join(SUBJECT_SLOTS)}"
    every = [
        (("argv",), probe.argv),
        *((("variant", n, "argv"), v.argv) for n, v in enumerate(probe.variants)),
    ]
    for location, argv in every:
        yield from ((location, problem) for problem in _check_argv(probe, argv))
    parsers = [
        (("parser",), probe.parser),
        *((("variant", n, "parser"), v.parser) for n, v in enumerate(probe.variants)),
    ]
    for where, parser in parsers:
        if parser and not known(parser):
            yield where, f"there is no parser '{parser}'"


def _check_argv(probe: Probe, argv: Sequence[str]) -> Iterator[str]:
    slots = names_in(argv)
    if unknown := slots - SAMPLES.keys():
        yield f"unknown slot {{{min(unknown)}}}; there are: {', '.join(SAMPLES)}"
        return
    wanted = slots - WINDOW
    if len(wanted) > 1:
        yield f"one slot besides the window's is enough, and these are {len(wanted)}: {', '.join(sorted(wanted))}"
    if bool(wanted) != bool(probe.for_each):
        yield f"the slot {{{min(wanted)}}} needs a for_each" if wanted else "for_each needs a slot in argv"
    for source in probe.for_each:
        slot = SUBJECT_SLOTS.get(source.field) if not source.probe else None
        if slot and wanted and slot not in wanted:
            yield f"for_each over {source.field} fills {{{slot}}}, which argv does not hold"
    without_window = {name: value for name, value in SAMPLES.items() if name not in WINDOW}
    for values in (SAMPLES, without_window):
        try:
            canonical = canonicalise(fill_argv(argv, values))
        except PolicyRefusal as refusal:
            yield f"the read-only policy does not allow it: {refusal}"
            return
        if canonical.tier is not Tier.A and probe.depth != "named":
            yield f'tier {canonical.tier.value} asks before it runs; write depth = "named"'
            return


def _check_signature(signature: Signature) -> Iterator[Problem]:
    yield from ((("match", *location), problem) for location, problem in _check_match(signature.match))
    groups = {name for pattern in signature.match.line for name in _groups(pattern)} | ALWAYS_TOLD
    if signature.match.message_id:
        groups |= ENTRY_FIELDS
    if not signature.match.where:
        for key in ("subject", "explanation", "actions"):
            value = getattr(signature, key)
            words = (value,) if isinstance(value, str) else value
            if unknown := names_in(words) - groups:
                yield (key,), f"{{{min(unknown)}}} is no named group of match.line"
    for argv in signature.checks:
        if unknown := names_in(argv) - SAMPLES.keys():
            yield ("checks",), f"{{{min(unknown)}}} is no slot; there are: {', '.join(SAMPLES)}"
            continue
        try:
            canonicalise(fill_argv(argv, SAMPLES))
        except PolicyRefusal as refusal:
            yield ("checks",), f"the read-only policy does not allow '{' '.join(argv)}': {refusal}"


def _check_match(match: Match) -> Iterator[Problem]:
    if not match.line and not match.where and not match.message_id:
        yield (), "needs line, where or message_id"
    if match.within_s and match.min == 1:
        yield ("within_s",), "one line is always within any time; say how many with min"
    if match.line and not match.where and not match.has:
        yield ("has",), "is missing: literal strings, one of which stands in every line that should fit"
    if any(len(word) < 4 for word in match.has):
        yield ("has",), "a string of fewer than 4 characters stands in too many lines to save time"
    tests = [str(c.value) for c in match.where if c.op == "matches"]
    for key, patterns in (("line", match.line), ("unless", (match.unless,)), ("where", tuple(tests))):
        for pattern in patterns:
            try:
                compiled(pattern)
            except re.error as error:
                yield (key,), f"not a regular expression: {error}: {pattern}"
                continue
            if reason := unsafe(pattern):
                yield (key,), f"could take very long on a long line: {reason}: {pattern}"


def _groups(pattern: str) -> set[str]:
    try:
        return set(compiled(pattern).groupindex)
    except re.error:
        return set()
