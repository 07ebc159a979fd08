"""A session that goes on: what its record tells becomes the session's state again, evidence numbers and all.

Counterpart of `tai.record.fold`, which reads the record. Not restored, on purpose: what a person agreed to (a command that
asks first asks again), and what a refused sudo taught. Of a step, the part of a time window that it read is not known any
more; run again by its number, its lines come as the host gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tai.catalog import Catalog, Probe
from tai.engine.inspect import inspect
from tai.engine.investigate import merged
from tai.engine.plan import Step
from tai.engine.session import Session
from tai.events import PlannedStep
from tai.llm.base import Message
from tai.record import Told
from tai.ticket import parse
from tai.transport.base import Target

_SEALED = {
    "sosreport": "this session read a sosreport, which is not at hand any more",
    "recording": "this session read the demo's recording, which is no host",
    "nothing": "this session had no host, only what was attached",
}


def resumed(told: Told, folder: Path, catalog: Catalog, reach: Callable[[str], Target]) -> Session:
    """The session at the state that its record tells. reach: what the flags of this run add to a host's name, which wins over
    the way that the record tells. An id of a probe that the catalogue no longer has is kept as it was.
    """
    started = told.started
    session = Session(id=told.session or folder.name, folder=folder, nonce=started.nonce if started else "")
    ticket = told.ticket
    for at, text in told.said:
        if ticket is not None:
            ticket = merged(ticket, parse(text, now=at.astimezone()))
    session.ticket = ticket
    session.host = told.host
    if started is not None:
        session.sealed = _SEALED.get(started.reads, "")
        if started.anonymized:
            session.sealed = "the true names behind this session's stand-ins (--anonymize) are kept nowhere"
    if told.target and not session.sealed:
        session.target = _target(told, reach(told.target))
    session.steps = [_step(step, catalog) for _, step in sorted(told.steps.items())]
    session.skipped = told.skipped
    session.observations = told.observations
    session.findings = inspect(catalog, session.observations) if session.observations else []
    session.conversation = [Message(each.role, each.content) for each in told.messages]
    session.pinned = list(told.pinned)
    session.prompt, session.diagnosis = told.prompt, told.diagnosis
    return session


def _target(told: Told, now: Target) -> Target:
    """The way of the record, with what was given on this run's command line in its place."""
    way = told.way
    if way is None:
        return now
    return Target(
        name=way.host,
        user=now.user or way.user or None,
        port=now.port or way.port,
        identity_files=now.identity_files or tuple(map(Path, way.identity_files)),
        jump=now.jump or ",".join(way.via) or None,
        use_ssh_config=now.use_ssh_config and way.ssh_config,
    )


def _step(step: PlannedStep, catalog: Catalog) -> Step:
    probe = catalog.find_probe(step.probe) or Probe(id=step.probe, title="of an earlier run", argv=step.argv)
    other = next((v.parser for v in probe.variants if v.argv[0] == step.argv[0] != probe.argv[0]), None)
    parser = probe.parser if other is None else other
    return Step(step.n, step.collector, probe, step.argv, step.why, parser)
