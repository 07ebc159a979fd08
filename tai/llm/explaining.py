"""Whether one finding explains another: the catalog says that it can, and the two are about one thing, in that order. Pure.

Not what the ticket is about: that is `tai.llm.correlate`, which makes chains of the explanations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Final

from tai.llm.own_words import jobs, voices
from tai.llm.peers import is_elsewhere, own_addresses
from tai.llm.program_names import same_program, stem_of, stems_of
from tai.model import Finding, Observation
from tai.parsers.speaker import speaker
from tai.parsers.timestamps import stamp_of

# Only lines that print their year are compared without a window.
_ANY_YEAR: Final = 2024
# Another one, to tell whether a line prints its own; both know the 29th of February.
_OTHER_YEAR: Final = 2020
# What a cause may be later than its effect and still be it: two programs notice at different times.
_NOTICED_LATER: Final = timedelta(minutes=2)
# In these a finding without a name, or about a path, is a program's own affair, not the host's.
_OWN: Final = frozenset(
    {"service-failure", "containers", "database", "mail", "web", "auth", "packages", "cron"}
)
# Of these there is one for all programs, so two findings about them meet whatever names they give.
_SHARED: Final = frozenset({"memory", "disk", "hardware"})
_DEVICE = re.compile(r"(?:sd|vd|xvd|hd|nvme|mmcblk|md|dm-|ata|loop|zd)[\w.:-]*|[\d:]+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the looks tell of the findings' programs.

    single: observations that are about one thing, a unit's own journal for one, with their command lines: what stands in
    them belongs together, and to the unit that the command names. voices: by a finding's signature and subject, the units
    that tell it themselves; jobs: units that run to their end; addresses: this host's own, empty when nobody looked.
    """

    single: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    voices: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    jobs: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def voices_of(self, finding: Finding) -> frozenset[str]:
        """The units that tell themselves what the finding says."""
        return self.voices.get((finding.signature, finding.subject), frozenset())


def surroundings(observations: Sequence[Observation], findings: Sequence[Finding]) -> Surroundings:
    """Read off the looks."""
    return Surroundings(
        single={
            seen.id: seen.argv for seen in observations if not seen.argv or {"-u", "status"} & set(seen.argv)
        },
        voices={(finding.signature, finding.subject): voices(finding, observations) for finding in findings},
        jobs=jobs(observations),
        addresses=own_addresses(observations),
    )


def explains(cause: Finding, effect: Finding, around: Surroundings | None = None) -> bool:
    """Whether the catalog says that the one explains the other, and both can be about the same thing."""
    around = around or Surroundings()
    if cause.signature not in effect.explained_by or _later(cause, effect):
        return False
    if not host_wide(cause) and effect.category == "network" and not _can_refuse(cause, effect, around):
        return False
    if (
        host_wide(cause)
        or host_wide(effect)
        or (cause.category == effect.category and cause.category in _SHARED)
    ):
        return True
    return bound(cause, effect, around)


def _can_refuse(cause: Finding, effect: Finding, around: Surroundings) -> bool:
    """Whether what one program of this host went through can be why a connection does not come about.

    Not when the peer is another host, and not when that program is a job, which nobody connects to.
    """
    if any(is_elsewhere(cited.text, around.addresses) for cited in effect.cited):
        return False
    writers = {stem_of(speaker(cited.text)) for cited in cause.cited}
    told = {stem_of(unit) for unit in around.voices_of(cause)} | stems_of(cause)
    # A server that tells of a client's failure has none itself; who tells of its own is all there is.
    suffered = {name for name in told if not any(same_program(name, writer) for writer in writers)} or told
    served = suffered - {stem_of(job) for job in around.jobs}
    return not (suffered - served) or bool(served & {stem_of(unit) for unit in around.voices_of(cause)})


def bound(cause: Finding, effect: Finding, around: Surroundings) -> bool:
    """Whether the two are about one thing: by their names, by what their lines name, by the unit that tells both, or because
    all around them is."""
    if same_program(stem_of(cause.subject), stem_of(effect.subject)) or _mentions(cause, effect):
        return True
    about = {stem_of(unit) for unit in around.voices_of(effect)} | stems_of(effect)
    if any(stem_of(unit) in about for unit in around.voices_of(cause)):
        return True
    alone = {cited.observation for cited in cause.cited} & around.single.keys()
    return any(
        effect.subject in around.single[name] or any(cited.observation == name for cited in effect.cited)
        for name in alone
    )


def _later(cause: Finding, effect: Finding) -> bool:
    """Whether the first sign of the one comes after the last of the other, by times of one kind; False when either tells none."""
    year = _year_of([cited.text for cited in (*cause.cited, *effect.cited)])
    for kind in (True, False):
        first = [
            at for cited in cause.cited if (at := _moment(cited.text, year, since_boot=kind)) is not None
        ]
        last = [
            at for cited in effect.cited if (at := _moment(cited.text, year, since_boot=kind)) is not None
        ]
        if first and last:
            return min(first) > max(last) + _NOTICED_LATER.total_seconds()
    return False


def _year_of(lines: Sequence[str]) -> int:
    """The year that some of the lines print, for those that print none: the one program's log does, the other's does not."""
    printed = [
        stamp.at.year
        for line in lines
        if (stamp := stamp_of(line, year=_ANY_YEAR)) is not None
        and (again := stamp_of(line, year=_OTHER_YEAR)) is not None
        and stamp.at is not None
        and stamp.at == again.at
    ]
    return max(printed, default=_ANY_YEAR)


def _moment(line: str, year: int, *, since_boot: bool) -> float | None:
    """The line's time, as seconds: since boot, or since some point that is the same for all; a time without a zone is taken as UTC."""
    stamp = stamp_of(line, year=year)
    if stamp is None or (stamp.at is None) is not since_boot:
        return None
    if stamp.at is None:
        return stamp.since_boot
    return (stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)).timestamp()


def host_wide(finding: Finding) -> bool:
    """About the host, a mount, a device, a port or the network, so that any program may suffer from it."""
    subject = finding.subject
    if subject.startswith("port ") or finding.category in {"network", "dns"}:
        return True
    if finding.category in _OWN:
        return False
    return not subject or subject.startswith("/") or _DEVICE.fullmatch(subject) is not None


def of_host(finding: Finding) -> bool:
    """About the host and no program's own affair: a port that is taken harms only who wanted it."""
    if finding.category == "tls-time" and finding.subject:
        return False  # a certificate is a program's, the clock the host's
    return host_wide(finding) and finding.category not in _OWN


def _mentions(cause: Finding, effect: Finding) -> bool:
    """Whether a line cited for the cause names what the effect is about."""
    return any(
        len(stem) > 2 and stem in cited.text.lower() for stem in stems_of(effect) for cited in cause.cited
    )
