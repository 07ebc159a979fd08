"""Everything that an investigation tells: one closed union, the same for REPL, `--json`, and the record on disk.

Counterpart: `tai.bus` stamps and delivers. An event is a fact that has happened, in plain values; it is not a request,
and no sink can change the run through it. The reverse of `encode` is `decode`, and a line is one JSON object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tai.model import Diagnosis, Finding, Frozen, Host, NextCheck, Observation, Pinned, Ticket

Reads = Literal["host", "sosreport", "recording", "nothing"]
"""What a session looks at: hosts over SSH, a sosreport, the demo's recording, or only what is attached."""


class SessionStarted(Frozen):
    """The first event. version: tai's own; engine: the one that will be asked first.

    nonce: what fences evidence in this session's prompts. anonymized: names and addresses are told as stand-ins.
    """

    kind: Literal["session_started"] = "session_started"
    version: str
    engine: str
    model: str = ""
    nonce: str = ""
    reads: Reads = "host"
    anonymized: bool = False


class SessionResumed(Frozen):
    """A session that had ended, or was cut off, goes on in the same record. after: the number of the last event before.

    torn: bytes of a last line that was never finished, and is gone. broken: the first line, from 1, at which the chain of the
    record did not hold when it was read again; None when it held.
    """

    kind: Literal["session_resumed"] = "session_resumed"
    version: str
    engine: str
    model: str = ""
    after: int
    torn: int = 0
    broken: int | None = None


class TicketParsed(Frozen):
    """The ticket as tai understood it."""

    kind: Literal["ticket_parsed"] = "ticket_parsed"
    ticket: Ticket


class Noted(Frozen):
    """Something the user should know and need not act on (info), should look at (warning), or asked for by -v (detail)."""

    kind: Literal["noted"] = "noted"
    level: Literal["detail", "info", "warning"] = "info"
    text: str
    host: str = ""


class HostConnecting(Frozen):
    """tai begins to connect. via: the jump chain as the user or ssh's configuration gave it.

    user, port, identity_files, ssh_config: as on the command line; a session that is resumed goes the same way again.
    """

    kind: Literal["host_connecting"] = "host_connecting"
    host: str
    via: tuple[str, ...] = ()
    user: str = ""
    port: int | None = None
    identity_files: tuple[str, ...] = ()
    ssh_config: bool = True


class HostTurned(Frozen):
    """The user turned to another host: what was read of the one before is put away, the ticket stays."""

    kind: Literal["host_turned"] = "host_turned"
    host: str


class EngineTurned(Frozen):
    """The user turned to another who answers; evidence and conversation stay. model: '' for rules, or as the server has one."""

    kind: Literal["engine_turned"] = "engine_turned"
    engine: str
    model: str = ""


class HostConnected(Frozen):
    """Logged in and probed. sandbox: the layers reached, `argv+fsize+nnp`; missing: the others, each with why."""

    kind: Literal["host_connected"] = "host_connected"
    host: Host
    sandbox: str
    missing: tuple[str, ...] = ()
    took_s: float


class HostFailed(Frozen):
    """A host could not be reached or trusted. hop: where in the chain; trusted is False for a host key that stopped us."""

    kind: Literal["host_failed"] = "host_failed"
    host: str
    hop: str
    cause: str
    remedy: str
    trusted: bool = True


class PlannedStep(Frozen):
    """One command that will be sent. n: its number, from 1; why: what chose it."""

    n: int
    collector: str
    probe: str
    argv: tuple[str, ...]
    why: str


class PlanMade(Frozen):
    """What will be looked at, in order. skipped: probes left out, each with the reason.

    later: what may follow, and what it depends on; told only where a plan is shown and nothing runs.
    """

    kind: Literal["plan_made"] = "plan_made"
    host: str
    steps: tuple[PlannedStep, ...]
    skipped: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


class CommandSent(Frozen):
    """Written to the record, and flushed to disk, before the command's bytes leave.

    argv: canonical; sudo: sent as `sudo -n -- /absolute/path …`; sandbox: the layers it runs under, `argv` for none but
    the policy.
    """

    kind: Literal["command_sent"] = "command_sent"
    n: int
    host: str
    collector: str
    probe: str
    argv: tuple[str, ...]
    tier: str
    sandbox: str
    sudo: bool = False


class ObservationMade(Frozen):
    """A command has ended, one way or another; or an attachment was taken as evidence."""

    kind: Literal["observation_made"] = "observation_made"
    n: int
    observation: Observation


class FindingFound(Frozen):
    """A signature fitted. revised: it was told before, and what came since says more of the same signature and subject."""

    kind: Literal["finding_found"] = "finding_found"
    finding: Finding
    revised: bool = False


class LeftOut(Frozen):
    """Lines of one kind that condensing left out. first, last: line numbers of the whole kind, kept ones included."""

    lines: int
    example: str
    first: int
    last: int


class Receipt(Frozen):
    """What condensing left out of one observation. Counts are of lines and of UTF-8 bytes, line feeds included.

    kinds: lines that differ in more than numbers; left_out: the commonest kinds that are missing, most lines first.
    """

    observation: str
    lines: int
    kept_lines: int
    size: int
    kept_size: int
    note: str = ""
    kinds: int = 0
    kept_kinds: int = 0
    left_out: tuple[LeftOut, ...] = ()


class PromptMade(Frozen):
    """The prompt is ready. tokens: its size, estimated unless `exact`; sha256: of its messages."""

    kind: Literal["prompt_made"] = "prompt_made"
    sha256: str
    templates_sha256: str
    tokens: int
    exact: bool
    budget: int
    receipts: tuple[Receipt, ...] = ()


class MessageAdded(Frozen):
    """A message of the conversation with the engine, to the letter. number: its place, from 1; 1 begins it anew.

    The messages up to a `prompt_made` are what its sha256 is of.
    """

    kind: Literal["message_added"] = "message_added"
    number: int
    role: Literal["system", "user", "assistant"]
    content: str


class AnswerStarted(Frozen):
    """An engine begins to answer."""

    kind: Literal["answer_started"] = "answer_started"
    engine: str
    model: str = ""


class AnswerDelta(Frozen):
    """A piece of a model's output as it comes, sanitised. Not evidence, not verified.

    call: which call to the model it belongs to, from 1; a later one begins the answer anew.
    """

    kind: Literal["answer_delta"] = "answer_delta"
    channel: Literal["reasoning", "answer"] = "answer"
    text: str
    call: int = 1


class EngineFailed(Frozen):
    """The engine that was asked gave no usable answer; `fallback` answers in its place."""

    kind: Literal["engine_failed"] = "engine_failed"
    engine: str
    reason: str
    fallback: str


class UserSaid(Frozen):
    """A follow-up question or a correction, sanitised and redacted."""

    kind: Literal["user_said"] = "user_said"
    text: str


class ConversationCleared(Frozen):
    """The user cleared ticket, conversation and facts; evidence stays."""

    kind: Literal["conversation_cleared"] = "conversation_cleared"


class FactPinned(Frozen):
    """Something that the user stated is kept as a fact, and said again with each later question. n: its number, from 1."""

    kind: Literal["fact_pinned"] = "fact_pinned"
    n: int
    fact: Pinned


class FactDropped(Frozen):
    """The user took a fact back. n: the number that it had."""

    kind: Literal["fact_dropped"] = "fact_dropped"
    n: int
    fact: Pinned


class RoundStarted(Frozen):
    """tai goes on by itself, as `--auto` or `/auto` allowed: these proposed checks, all of tier A, are run now."""

    kind: Literal["round_started"] = "round_started"
    round: int
    of: int
    checks: tuple[NextCheck, ...]


class Diagnosed(Frozen):
    """The verified result. The last event before the session ends, or before the next follow-up."""

    kind: Literal["diagnosed"] = "diagnosed"
    diagnosis: Diagnosis


class Interrupted(Frozen):
    """The user stopped the work at hand. kept: observations held by then."""

    kind: Literal["interrupted"] = "interrupted"
    kept: int


class SessionEnded(Frozen):
    """The last event. error: the message when it ended by one, else ''."""

    kind: Literal["session_ended"] = "session_ended"
    exit_code: int
    error: str = ""


Event = (
    SessionStarted
    | SessionResumed
    | TicketParsed
    | Noted
    | HostConnecting
    | HostConnected
    | HostFailed
    | HostTurned
    | EngineTurned
    | PlanMade
    | CommandSent
    | ObservationMade
    | FindingFound
    | PromptMade
    | MessageAdded
    | AnswerStarted
    | AnswerDelta
    | EngineFailed
    | UserSaid
    | ConversationCleared
    | FactPinned
    | FactDropped
    | RoundStarted
    | Diagnosed
    | Interrupted
    | SessionEnded
)

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event with its place in the stream. seq: from 1 without gaps; at: UTC; session: the run's id."""

    seq: int
    at: datetime
    session: str
    event: Event


def encode(stamped: Stamped) -> str:
    """One NDJSON line, no line feed: the stamp first, `kind` next, then the event's own fields."""
    body = stamped.event.model_dump(mode="json")
    line = {
        "seq": stamped.seq,
        "at": stamped.at.isoformat(timespec="milliseconds"),
        "session": stamped.session,
        "kind": body.pop("kind"),
        **body,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def decode(line: str) -> Stamped:
    """The reverse of `encode`. Keys that only the record adds (`chain`) are dropped. Raises ValueError."""
    fields = json.loads(line)
    seq, at, session = fields.pop("seq"), fields.pop("at"), fields.pop("session")
    fields.pop("chain", None)
    return Stamped(int(seq), datetime.fromisoformat(at), str(session), _EVENT.validate_python(fields))
