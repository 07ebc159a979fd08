"""The values that travel through an investigation. Pure: no I/O, no behaviour beyond a derived property.

All are frozen pydantic models, because all of them cross an edge: TOML, a model's JSON, or the NDJSON of the
event stream. What a *language model* says is not here but in `tai.answer`; it becomes a `Diagnosis` only after
`tai.engine.verify` has looked at every quote.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of every value: immutable, and a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---------------------------------------------------------------- the ticket


class Window(Frozen):
    """When it happened: both ends may be open, and both carry a time zone. `source` is the text they came from."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    source: str = ""

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None


class Subjects(Frozen):
    """What the ticket is about, as names that collectors can take: each tuple in order of first mention."""

    units: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()


class Attachment(Frozen):
    """Evidence that came with the ticket. label: the command or file that printed it, as the user named it."""

    label: str
    text: str


class Ticket(Frozen):
    """What the engineer was told, parsed. text: sanitised and redacted like host output.

    words: the ticket's telling words in lower case, sorted, for choosing collectors.
    notes: what was cut or could not be read, in full sentences.
    """

    text: str
    hosts: tuple[str, ...] = ()
    window: Window = Window()
    subjects: Subjects = Subjects()
    paths: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


# ---------------------------------------------------------------- the host


class Facts(Frozen):
    """What one round trip after login found out. tools: program names in PATH among those the collectors use, sorted.

    os_id, os_like, os_version: from /etc/os-release, '' when absent. family: debian, rhel, suse, alpine, arch, busybox or ''.
    clock_offset_s: the host's clock minus ours in seconds, None when it could not be read.
    node: the host's own name, as `uname -n` prints it, which need not be the name we reached it by.
    init: what process 1 is: systemd, openrc, other, or '' when the host did not tell.
    zone: its offset from UTC as `date +%z` prints it, `+0100`, '' when it did not tell.
    ls: whose options its ls knows: gnu, busybox, or '' when it did not tell.
    """

    os_id: str = ""
    os_version: str = ""
    os_name: str = ""
    family: str = ""
    kernel: str = ""
    euid: int | None = None
    tools: tuple[str, ...] = ()
    clock_offset_s: float | None = None
    node: str = ""
    init: str = ""
    zone: str = ""
    ls: str = ""


class Host(Frozen):
    """A host as tai reached it. via: the jump chain, nearest to us first, as user@name:port."""

    name: str
    user: str = ""
    port: int = 22
    via: tuple[str, ...] = ()
    facts: Facts = Facts()


# ---------------------------------------------------------------- what was seen


class Outcome(StrEnum):
    """How looking went. Only `ok` and `empty` mean that the host answered the question."""

    OK = "ok"
    EMPTY = "empty"
    MISSING_TOOL = "missing_tool"
    NO_PERMISSION = "no_permission"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    FAILED = "failed"
    UNPARSED = "unparsed"
    DISCONNECTED = "disconnected"
    INTERRUPTED = "interrupted"

    @property
    def answered(self) -> bool:
        """True when the text is an answer to the probe's question (an empty one included)."""
        return self in (Outcome.OK, Outcome.EMPTY, Outcome.UNPARSED)


NOT_IN_REPORT: Final = "not in the sosreport"
"""How the reason begins for what was asked of a sosreport that has no such command or file."""

OTHER_OPTIONS: Final = "the host's version of it has other options"
"""In the reason when a program did not understand how it was asked, which another form of the probe may know."""


class Observation(Frozen):
    """One look at a host: the command, how it went, and what it printed.

    id: E1, E2, … in the order in which the commands were planned, so that a run is repeatable.
    argv: canonical, () for an attachment, whose `label` then names the source.
    text: sanitised and redacted; lines are numbered from 1 by splitting at line feeds.
    data: what the parser made of it (list of mappings or a mapping), None when there is no parser or it gave up.
    reason: why the outcome is not `ok`, in words; '' when it is.
    exit: None when it is not known, and signal: the one that ended the command, as the host told them.
    raw_bytes, stderr_bytes: of standard output and standard error as the host sent them, to their caps. sha256: of `text`; the raw bytes' own digest would let a short
    masked secret be guessed.
    """

    id: str
    host: str
    collector: str
    probe: str
    argv: tuple[str, ...] = ()
    label: str = ""
    outcome: Outcome
    reason: str = ""
    text: str = ""
    data: Any = None
    exit: int | None = None
    signal: str = ""
    duration_s: float = 0.0
    truncated: bool = False
    raw_bytes: int = 0
    stderr_bytes: int = 0
    sha256: str = ""
    redactions: dict[str, int] = {}

    @property
    def lines(self) -> list[str]:
        """The text's lines; line N of a citation is `lines[N - 1]`."""
        return self.text.removesuffix("\n").split("\n") if self.text else []

    @property
    def source(self) -> str:
        """The command line, or an attachment's label, for people."""
        return " ".join(self.argv) if self.argv else self.label


class Citation(Frozen):
    """One line of one observation. line: from 1; text: that line, exactly."""

    observation: str
    line: int
    text: str

    @property
    def ref(self) -> str:
        return f"{self.observation}:{self.line}"


Severity = Literal["info", "low", "medium", "high", "critical"]


class Bearing(Frozen):
    """What a known fault is about, to compare with a ticket. effects: what it is and does to others (`tai.catalog.model.Effect`);
    topics: words by which tickets speak of its subject."""

    effects: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()


class Finding(Frozen):
    """A fault signature that fitted. signature: its id in the catalog; cited: never empty.

    subject: what it is about on this host (a unit, mount, device, port), '' when the host itself.
    explained_by: ids of signatures that, when found too, are the deeper cause of this one.
    """

    signature: str
    title: str
    severity: Severity
    category: str
    subject: str = ""
    cited: tuple[Citation, ...]
    explanation: str
    actions: tuple[str, ...] = ()
    checks: tuple[tuple[str, ...], ...] = ()
    explained_by: tuple[str, ...] = ()
    reference: str = ""


# ---------------------------------------------------------------- the answer, verified


class Quote(Frozen):
    """A line that an engine quoted, after checking.

    exact: the text stands in that line; corrected: it stands elsewhere or is misspelled, and `observation`, `line` and
    `text` are now the host's; unverified: no such line, so it is never shown as evidence.
    correction: what was corrected, in words, '' unless it was.
    """

    observation: str
    line: int
    text: str
    status: Literal["exact", "corrected", "unverified"]
    correction: str = ""

    @property
    def ref(self) -> str:
        return f"{self.observation}:{self.line}"


class Claim(Frozen):
    """A statement and what it rests on. verified: at least one quote, and every quote was found."""

    text: str
    quotes: tuple[Quote, ...] = ()
    verified: bool = False


class Hypothesis(Frozen):
    """A cause that was weighed. rank: 1 is the likeliest."""

    rank: int
    cause: str
    supporting: tuple[Claim, ...] = ()
    refuting: tuple[Claim, ...] = ()


class Moment(Frozen):
    """A point of the timeline. at: the time as the host printed it."""

    at: str
    text: str
    quote: Quote | None = None


class Confidence(Frozen):
    """Computed from checked evidence, never a number that a model made up. score: 0 to 1; reasons: why, in words."""

    level: Literal["high", "medium", "low"]
    score: float
    reasons: tuple[str, ...] = ()


class Action(Frozen):
    """Something for a human to do; tai runs none of it. effect: what the command in it would do to the host."""

    text: str
    effect: Literal["reads", "changes", "destroys"] = "reads"


class NextCheck(Frozen):
    """A read-only command that would tell hypotheses apart. argv: canonical, the policy allows it.

    tier: the policy's; A runs by itself, B and C need a person. probe: id of the collector's probe that was named, '' where
    the command was given as such.
    """

    argv: tuple[str, ...]
    why: str
    tier: Literal["A", "B", "C"] = "A"
    probe: str = ""


class Pinned(Frozen):
    """A fact that the person on call has stated. It stays in force, and is said again with each later question.

    text: in their words, sanitised and redacted. excludes: what it rules out as the cause, as words that a finding's category,
    subject or title is looked up by; () for a fact that rules nothing out.
    """

    text: str
    excludes: tuple[str, ...] = ()


DiagnosisOutcome = Literal["root_cause", "healthy", "inconclusive"]


class Diagnosis(Frozen):
    """The result. engine: who answered; degraded: why the engine that was asked did not, '' when it did.

    claims hold verified ones only; what could not be verified is in `unverified`, apart.
    missing: evidence that could not be had, and why. said: what a failed model did say, kept as text.
    dropped: proposed checks that tai does not offer, each with the reason.
    prompt_sha256, templates_sha256: digests of the prompt asked with and of the templates that made it.
    """

    outcome: DiagnosisOutcome
    cause: str
    confidence: Confidence
    engine: str
    model: str = ""
    degraded: str = ""
    claims: tuple[Claim, ...] = ()
    unverified: tuple[Claim, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    timeline: tuple[Moment, ...] = ()
    missing: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    next_checks: tuple[NextCheck, ...] = ()
    dropped: tuple[str, ...] = ()
    said: str = ""
    prompt_sha256: str = ""
    templates_sha256: str = ""
