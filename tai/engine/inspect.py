"""Signatures over observations → findings, each with the exact lines that it rests on. Pure.

A signature reads *kinds of text*, not one command's output: an OOM kill is the same line in the journal, in dmesg and in
a syslog file. A probe says which kinds it prints; for an attachment, or a command that a person ran, the command line
says it. Same observations in, same findings out, in the same order.

Not a judgement of what is the cause: that is the engine's (`tai.llm`). A line that repeats is one finding, which
cites the first and the last and tells the count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from tai.catalog import Catalog, Signature
from tai.catalog.matching import Hit, hits
from tai.catalog.slots import fill_argv, fill_text, names_in
from tai.catalog.voices import may_say
from tai.engine.last_words import SIGNATURE as LAST_WORDS
from tai.engine.last_words import last_words
from tai.errors import PolicyRefusal
from tai.model import Citation, Finding, Observation, Severity
from tai.parsers import Rows, parse
from tai.parsers.lines import Lines
from tai.parsers.speaker import asked_about, speaker
from tai.policy import canonicalise

MOST_SUBJECTS: Final = 8
"""Findings that one signature may make; what a hundred failed units have in common is said once."""

_MOST_CITED: Final = 4
_UNIT_FAILURE: Final = frozenset({"unit-failure"})
_LONGEST_VALUE: Final = 200

# What a sentence says where the line did not tell.
_UNTOLD: Final = {
    "process": "a program",
    "unit": "a unit",
    "port": "that the line does not name",
    "path": "that the line does not name",
    "device": "a disk",
    "link": "a network link",
}

# Placeholders with nothing between them.
_BESIDE: Final = re.compile(r"(?:\{\w+\}){2,}")

_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(get_args(Severity)))}


@dataclass(slots=True)
class _Tally:
    """What is kept of the hits of one signature about one subject in one observation: a flooded log has a hundred thousand."""

    first: Hit
    last: Hit
    telling: Hit
    """The most telling form of the fault, told in most words; the first of those."""
    count: int = 1

    def add(self, hit: Hit) -> None:
        """One hit more, which stands behind those before."""
        self.last = hit
        self.count += 1
        best = self.telling
        # Most tell all that there is to tell, and need no count.
        lacks = None in best.values.values() or len(hit.values) > len(best.values)
        if hit.form < best.form or (hit.form == best.form and lacks and _told(hit) > _told(best)):
            self.telling = hit

    def with_others(self, others: _Tally) -> _Tally:
        """Both together."""
        one, other = (self, others) if self.first.lines <= others.first.lines else (others, self)
        return _Tally(
            first=one.first,
            last=max(one.last, other.last, key=lambda hit: hit.lines),
            telling=min(one.telling, other.telling, key=lambda hit: (hit.form, -_told(hit), hit.lines)),
            count=one.count + other.count,
        )


def _told(hit: Hit) -> int:
    """How many of its values the line told."""
    values = hit.values
    return len(values) - list(values.values()).count(None)


@dataclass(slots=True)
class _Seen:
    """Hits of one signature about one subject, in each observation."""

    signature: Signature
    subject: str
    by_observation: dict[str, _Tally] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The observation with most hits, the first of them when several have as many."""
        return max(self.by_observation, key=lambda name: self.by_observation[name].count)


_Tallies = Mapping[tuple[str, str], tuple[Signature, _Tally]]
"""By a signature's id and a subject."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one observation says by itself."""

    observation: Observation
    lines: Lines
    tallies: _Tallies


class Inspection:
    """Inspects evidence that grows: each observation is searched once, however often it is asked what they say together."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._looked: dict[str, _Looked] = {}

    def findings(self, observations: Sequence[Observation]) -> list[Finding]:
        """All findings, worst first; then by the order of the observations and lines they cite."""
        texts: dict[str, Lines] = {}
        seen: dict[tuple[str, str], _Seen] = {}
        for observation in observations:
            if observation.text:
                looked = self._look(observation)
                texts[observation.id] = looked.lines
                for about, (signature, tally) in looked.tallies.items():
                    same = seen.setdefault(about, _Seen(signature, about[1]))
                    same.by_observation[observation.id] = tally
        self._looked = {name: looked for name, looked in self._looked.items() if name in texts}
        order = {observation.id: n for n, observation in enumerate(observations)}
        findings = _with_last_words(
            self._catalog, observations, list(_findings(self._catalog, seen, texts)), texts
        )
        return [finding for _, finding in sorted((_place(finding, order), finding) for finding in findings)]

    def certain(self, finding: Finding) -> bool:
        """Whether a finding of some of the observations stays one of all: its subject is its own, not to be told by another."""
        signature = self._catalog.signatures.get(finding.signature)
        return signature is not None and bool(finding.subject or not names_in((signature.subject,)))

    def _look(self, observation: Observation) -> _Looked:
        looked = self._looked.get(observation.id)
        if looked is None or looked.observation is not observation:
            lines = Lines(observation.text)
            looked = _Looked(observation, lines, _look(self._catalog, observation, lines))
            self._looked[observation.id] = looked
        return looked


def inspect(catalog: Catalog, observations: Sequence[Observation]) -> list[Finding]:
    """The findings of evidence that is complete."""
    return Inspection(catalog).findings(observations)


def _look(catalog: Catalog, observation: Observation, lines: Lines) -> _Tallies:
    """The hits in one observation. General signatures come last, and only get lines that no other one took."""
    kinds, rows = _reading(catalog, observation)
    lines.look_for(catalog.words)
    about, asked = asked_about(observation.source), _file_of(observation.argv)
    taken: set[int] = set()
    tallies: dict[tuple[str, str], tuple[Signature, _Tally]] = {}
    for signature in sorted(catalog.reading(kinds), key=lambda each: each.fallback):
        named = names_in((signature.subject,))
        its: set[int] = set()
        own = catalog.voices[signature.id]
        for found in hits(signature.match, lines, rows):
            if signature.fallback and found.lines[0] in taken:
                continue
            hit = found
            if not signature.match.where:
                line = lines.line(found.lines[0])
                who = speaker(line) if own or not found.values.get("process") else ""
                if not may_say(signature, own, line, who):
                    continue
                hit = _spoken(found, who or about)
            if asked:
                hit = Hit(hit.lines, {"asked": asked, **hit.values}, hit.form)
            key = signature.id, _subject(signature, hit, named)
            if (known := tallies.get(key)) is not None:
                known[1].add(hit)
            else:
                tallies[key] = signature, _Tally(hit, hit, hit)
            its.update(hit.lines)
        if signature.severity != "info":
            taken |= its
    return tallies


def _file_of(argv: Sequence[str]) -> str:
    """The one file or folder that a command was asked about; '' for none or several."""
    paths = {word for word in argv[1:] if word.startswith("/")}
    return paths.pop() if len(paths) == 1 else ""


def _spoken(hit: Hit, process: str) -> Hit:
    """The hit with the program whose words the line is, where the signature's own expressions do not name it."""
    if not process or hit.values.get("process"):
        return hit
    return Hit(hit.lines, {**hit.values, "process": process}, hit.form)


def _with_last_words(
    catalog: Catalog, observations: Sequence[Observation], findings: list[Finding], texts: Mapping[str, Lines]
) -> list[Finding]:
    """The findings with what failed units said themselves, where no signature of a cause knows it."""
    known: dict[str, set[int]] = {}
    for finding in findings:
        if finding.signature not in catalog.symptoms:
            for cited in finding.cited:
                known.setdefault(cited.observation, set()).add(cited.line)
    sources = {observation.id: observation.source for observation in observations}
    told: dict[str, Finding] = {}
    for end in findings:
        if (
            end.signature in catalog.symptoms
            and end.subject.endswith(".service")
            and end.subject not in told
            and _UNIT_FAILURE & set(catalog.signatures[end.signature].effect)
        ):
            for cited in end.cited:
                words = last_words(
                    end.subject,
                    cited,
                    texts[cited.observation],
                    source=sources[cited.observation],
                    known=known.get(cited.observation, set()),
                )
                if words is not None:
                    told[end.subject] = words
                    break
    explained = [
        finding.model_copy(update={"explained_by": (*finding.explained_by, LAST_WORDS)})
        if finding.subject in told and finding.signature in catalog.symptoms
        else finding
        for finding in findings
    ]
    return [*explained, *told.values()]


def _reading(catalog: Catalog, observation: Observation) -> tuple[tuple[str, ...], Rows | None]:
    """The kinds of text that an observation is, and its rows."""
    probe = catalog.find_probe(observation.probe)
    if probe is not None:
        return probe.reads_as, _placed(observation.data, observation)
    kinds = catalog.kinds_of(observation.source)
    for kind in kinds:
        if parser := catalog.parsers.get(kind):
            try:
                return kinds, _placed(parse(parser, observation.text), observation)
            except ValueError:
                continue
    return kinds, None


def _placed(data: Any, observation: Observation) -> Rows | None:
    """Rows of a listing with the directory they lie in: `ls` of a single one leaves it to the command line."""
    if not isinstance(data, list):
        return None
    words = observation.argv or tuple(observation.label.split())
    if not words or not words[-1].startswith("/"):
        return data
    place = words[-1].rstrip("/")
    return [{**row, "path": f"{place}/{row['name']}"} if row.get("directory") == "" else row for row in data]


def _subject(signature: Signature, hit: Hit, names: AbstractSet[str]) -> str:
    if names and not any(map(hit.values.get, names)):
        return ""
    return fill_text(signature.subject, hit.values)[:_LONGEST_VALUE]


def _findings(
    catalog: Catalog, seen: Mapping[tuple[str, str], _Seen], texts: Mapping[str, Lines]
) -> Iterator[Finding]:
    by_signature: dict[str, list[_Seen]] = {}
    for about in seen.values():
        by_signature.setdefault(about.signature.id, []).append(about)
    for every in by_signature.values():
        group = _merged(every)
        kept, rest = group[:MOST_SUBJECTS], group[MOST_SUBJECTS:]
        for about in kept:
            more = ""
            if rest and about is kept[-1]:
                named = ", ".join(other.subject for other in rest[:10])
                more = f" The same is found for {len(rest)} more: {named}{', …' if len(rest) > 10 else ''}."
            yield _finding(about, texts, more, catalog.explanations[about.signature.id])


def _merged(group: list[_Seen]) -> list[_Seen]:
    """Lines that name no subject belong to the first subject that other lines of the same signature name."""
    named = [about for about in group if about.subject]
    nameless = [about for about in group if not about.subject]
    if not named or not nameless:
        return group
    for name, found in nameless[0].by_observation.items():
        known = named[0].by_observation.get(name)
        named[0].by_observation[name] = found if known is None else known.with_others(found)
    return named


def _finding(about: _Seen, texts: Mapping[str, Lines], more: str, explained_by: tuple[str, ...]) -> Finding:
    signature, best = about.signature, about.best
    found = about.by_observation[best]
    numbers = dict.fromkeys([*found.telling.lines, *found.first.lines, *found.last.lines])
    cited = tuple(
        Citation(observation=best, line=number, text=texts[best].whole(number))
        for number in list(numbers)[:_MOST_CITED]
    )
    told = {key: value for key, value in found.telling.values.items() if not key.startswith("_")}
    values = {**told, "count": told.get("count") or found.count}
    times = (
        f" ({found.count} times, the first and the last are cited.)"
        if found.count > 1 and "{count}" not in signature.explanation
        else ""
    )
    return Finding(
        signature=signature.id,
        title=signature.title,
        severity=signature.severity,
        category=signature.category,
        subject=about.subject,
        cited=cited,
        explanation=_sentence(signature.explanation, values) + times + more,
        actions=tuple(_sentence(action, values) for action in signature.actions),
        checks=tuple(_checks(signature, values, about.subject)),
        explained_by=explained_by,
        reference=signature.reference,
    )


def _sentence(template: str, values: Mapping[str, Any]) -> str:
    """A template filled, and the seams of what the line did not tell closed."""
    told = {key: str(value)[:_LONGEST_VALUE] for key, value in values.items() if value not in (None, "")}
    text = fill_text(_BESIDE.sub(lambda beside: _those_told(beside[0], told), template), {**_UNTOLD, **told})
    text = re.sub(r"\s*\(\s*\)|: (?=[.;])|,? line\s*(?=:)|(?<=\()\s+|[;,:]?\s+(?=\))", "", text)
    text = re.sub(r"\s+([.,;:])", r"\1", text)
    text = re.sub(r"[:,;]\s*([.])", r"\1", text)
    text = re.sub(r"\.\.(?=\s|$)", ".", text)
    text = re.sub(r"(?<!\d)1 times", "once", text)
    text = re.sub(r" {2,}", " ", text)
    return text[:1].upper() + text[1:] if template.startswith("{") and text.startswith("a ") else text


def _those_told(beside: str, told: Mapping[str, str]) -> str:
    """Of placeholders that stand for one another, `{path}{unit}`, those that the line told; the first one where it told none."""
    names = re.findall(r"\w+", beside)
    return "".join(f"{{{name}}}" for name in names if name in told) or f"{{{names[0]}}}"


def _checks(signature: Signature, values: Mapping[str, Any], subject: str) -> Iterator[tuple[str, ...]]:
    """The proposed commands that the policy allows with what the host's line filled in, canonical."""
    known = {key: str(value) for key, value in values.items() if value not in (None, "")}
    if subject.rpartition(".")[2] in {"service", "socket", "timer", "mount"}:
        known.setdefault("unit", subject)
    for argv in signature.checks:
        if names_in(argv) <= known.keys():
            try:
                yield canonicalise(fill_argv(argv, known)).argv
            except PolicyRefusal:
                continue  # a name from a log that is no name: nothing to propose


def _place(finding: Finding, order: Mapping[str, int]) -> tuple[int, int, int, str, str]:
    line = min(cited.line for cited in finding.cited)
    seen = order[finding.cited[0].observation]
    return (_RANK[finding.severity], seen, line, finding.signature, finding.subject)
