"""What a report says, as values, and how it is made from a session's record. Not how it looks."""

from __future__ import annotations

import shlex
from datetime import datetime

from tai import __version__
from tai.errors import InputError
from tai.model import Diagnosis, Finding, Frozen, Host, Pinned, Ticket
from tai.record import Recorded, fold


class Looked(Frozen):
    """One look at the host, or an attachment. source: the command line or label; lines, kept_lines: in all, and in the prompt
    (None when there was no prompt). sha256: of the text that citations number.
    """

    id: str
    source: str
    outcome: str
    reason: str = ""
    lines: int
    kept_lines: int | None = None
    truncated: bool = False
    duration_s: float = 0.0
    redactions: int = 0
    sha256: str = ""


class Digest(Frozen):
    """What this report can be held to. chain: the head of the record's chain at its last event; broken: the first line at which
    the chain does not hold. prompt, templates: sha256 of the prompt that was asked with and of the templates it was made with.
    """

    session: str
    events: int
    chain: str
    broken: int | None = None
    torn: int = 0
    prompt: str = ""
    templates: str = ""


class Report(Frozen):
    """Everything that a report says. sources: observation id → the command that printed it. said: the user's follow-ups.

    not_looked_at: probes that were left out, looks that brought no answer, and what condensing left out of the prompt.
    """

    made_by: str
    began: datetime | None
    last: datetime | None
    host: Host | None
    target: str
    unreachable: str = ""
    sandbox: str = ""
    ticket: Ticket | None
    said: tuple[str, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    diagnosis: Diagnosis | None
    findings: tuple[Finding, ...] = ()
    looked: tuple[Looked, ...] = ()
    sources: dict[str, str]
    not_looked_at: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    digest: Digest


def report_of(held: Recorded) -> Report:
    """The report of a recorded session at its last event. Raises InputError for a record with nothing to report."""
    told = fold(held.events)
    if not held.events:
        raise InputError(f"the session {held.session} holds nothing to report")
    version = told.started.version if told.started else __version__
    looked = tuple(
        Looked(
            id=seen.id,
            source=shlex.join(seen.argv) if seen.argv else seen.label,
            outcome=seen.outcome.value,
            reason=seen.reason,
            lines=len(seen.lines),
            kept_lines=told.receipts[seen.id].kept_lines if seen.id in told.receipts else None,
            truncated=seen.truncated,
            duration_s=seen.duration_s,
            redactions=sum(seen.redactions.values()),
            sha256=seen.sha256,
        )
        for seen in told.observations
    )
    gaps = [
        f"{seen.source}: {seen.outcome.value.replace('_', ' ')}" + (f", {seen.reason}" if seen.reason else "")
        for seen in told.observations
        if not seen.outcome.answered
    ]
    unsent = [
        f"{shlex.join(step.argv)}: planned, and not run"
        for n, step in sorted(told.steps.items())
        if f"E{n}" not in told.seen
    ]
    cut = [f"{seen.source}: cut at the limit of its size" for seen in told.observations if seen.truncated]
    failed = told.failed
    diagnosis = told.diagnosis
    return Report(
        made_by=f"tai {version}" + ("" if version == __version__ else f" (this report: tai {__version__})"),
        began=told.began,
        last=told.last,
        host=told.host,
        target=told.target,
        unreachable=f"{failed.hop}: {failed.cause}" if failed else "",
        sandbox=told.sandbox,
        ticket=told.ticket,
        said=tuple(text for _, text in told.said),
        pinned=tuple(told.pinned),
        diagnosis=diagnosis,
        findings=tuple(told.findings.values()),
        looked=looked,
        sources={each.id: each.source for each in looked},
        not_looked_at=(*gaps, *cut, *unsent, *told.skipped),
        warnings=tuple(dict.fromkeys(told.warnings)),
        digest=Digest(
            session=held.session,
            events=len(held.events),
            chain=held.chain,
            broken=held.broken,
            torn=held.torn,
            prompt=diagnosis.prompt_sha256 if diagnosis else "",
            templates=diagnosis.templates_sha256 if diagnosis else "",
        ),
    )
