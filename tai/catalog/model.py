"""What a collector file holds, as types: probes (what to look at) and signatures (what it means). Data, no behaviour.

Not checked here: whether the policy allows a probe's argv, whether a name that is referred to exists, whether a regular
expression is safe. `tai.catalog.load` does that, with file and line. The keys below are the keys of the TOML files;
`docs/writing-collectors.md` explains them to a newcomer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tai.model import Frozen, Severity

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, Field(min_length=1)]
MessageId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
TicketList = Literal["units", "processes", "ports", "addresses", "mounts", "paths"]
Family = Literal["debian", "rhel", "suse", "alpine", "arch", "busybox"]
Init = Literal["systemd", "openrc", "other"]
Depth = Literal["vital", "ticket", "named"]
_BOUND = r"(?:>=|<=|>|<|==|!=)\d{1,9}(?:\.\d{1,9}){0,5}"
Versions = Annotated[str, Field(pattern=rf"^{_BOUND}(?:,{_BOUND}){{0,3}}$", max_length=80)]
"""A bound on a version, or several joined by commas, all of which hold: `>=8`, `>=7,<8`. `==8` holds for 8.6 too."""
Op = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "matches"]


def _listed(value: Any) -> Any:
    """One string stands for a list of one."""
    return [value] if isinstance(value, str) else value


class Condition(Frozen):
    """A test of one field of a parsed row. `contains`: the field is a list or text; `matches`: a regular expression."""

    field: Text
    op: Op
    value: int | float | str | bool | tuple[str, ...]


class When(Frozen):
    """Facts that must hold for a probe or variant to be used; what is left out does not matter.

    tools: programs the host has, all of them, besides argv's own; without: programs it does not have. family: of the
    distribution; os: its own ID in os-release(5), `ubuntu`; os_version: its VERSION_ID, `>=8`; kernel: `>=4.20`; init:
    what runs as process 1.
    ticket: kinds of names, one of which the ticket holds; words: words, one of which it holds.
    window: whether the ticket has a time window. root: whether the login is root's.
    """

    tools: tuple[Text, ...] = ()
    without: tuple[Text, ...] = ()
    family: tuple[Family, ...] = ()
    os: tuple[Id, ...] = ()
    os_version: Versions | None = None
    kernel: Versions | None = None
    init: tuple[Init, ...] = ()
    ticket: tuple[TicketList, ...] = ()
    words: tuple[Text, ...] = ()
    window: bool | None = None
    root: bool | None = None


class Source(Frozen):
    """Where the values of a `for_each` come from: a kind of name in the ticket, or `PROBE.FIELD` of an earlier probe.

    where: only the rows of that probe for which all of these hold.
    """

    of: Annotated[str, Field(alias="from", min_length=1)]
    where: tuple[Condition, ...] = ()

    @property
    def probe(self) -> str:
        """The id of the probe it reads, '' when it reads the ticket."""
        return self.of.partition(".")[0] if "." in self.of else ""

    @property
    def field(self) -> str:
        """The field of that probe's rows, or the ticket's kind of name."""
        return self.of.partition(".")[2] if "." in self.of else self.of


def _sources(value: Any) -> Any:
    items = _listed(value)
    return (
        [{"from": item} if isinstance(item, str) else item for item in items]
        if isinstance(items, list)
        else items
    )


class Variant(Frozen):
    """Another argv for hosts that the probe's own does not suit. The first that fits is taken."""

    when: When = When()
    argv: Annotated[tuple[Text, ...], Field(min_length=1)]
    parser: str | None = None


class Probe(Frozen):
    """One question to a host.

    argv: a word may hold typed slots, `{unit}` `{port}` `{mount}` `{path}` `{address}` `{process}`, filled by `for_each`,
    and `{since}` `{until}`, the ticket's window; a word whose `{since}` or `{until}` is open is left out.
    kinds: what kinds of text it prints, for the signatures that read them; its own id when nothing is said.
    needs: it runs only when one of these gives a value: `disk-space.mount` where a filesystem is nearly full.
    ok_exit: exit statuses that are an answer. timeout_s, max_bytes: tighter than the policy's.
    most: largest number of values that `for_each` takes.
    depth: when it is considered. vital: in every default run; few, cheap and telling. ticket: when the ticket points to
    its collector, when the user chose the collector, or in a later round, when a finding points there. named: only when
    asked for by its own name.
    """

    id: Id
    title: Text
    argv: Annotated[tuple[Text, ...], Field(min_length=1)]
    parser: str = ""
    kinds: Annotated[tuple[Id, ...], BeforeValidator(_listed)] = ()
    ok_exit: tuple[int, ...] = (0,)
    timeout_s: Annotated[float, Field(gt=0, le=300)] | None = None
    max_bytes: Annotated[int, Field(gt=0)] | None = None
    when: When = When()
    for_each: Annotated[tuple[Source, ...], BeforeValidator(_sources)] = ()
    needs: Annotated[tuple[Source, ...], BeforeValidator(_sources)] = ()
    most: Annotated[int, Field(ge=1, le=20)] = 6
    depth: Depth = "ticket"
    variants: Annotated[tuple[Variant, ...], Field(alias="variant")] = ()

    @property
    def reads_as(self) -> tuple[str, ...]:
        """The kinds of text that it prints."""
        return self.kinds or (self.id,)


Effect = Literal[
    "write-error", "read-error", "data-damage", "process-death", "slow", "name-error", "connection-error", "tls-error",
    "auth-error", "backend-error", "mount-error", "unit-failure", "container-failure", "limit-hit",
]  # fmt: skip
"""What a fault does to others, or what a symptom is: cannot write, cannot read or open, damaged its data, died or was killed, hangs,
cannot resolve, cannot connect (or loses packets), cannot agree on TLS, cannot log in (at a host, a database, a directory), gets no
answer from its own backend, lost a mount, a unit that does not run, a container or pod that does not, a limit that is reached."""


class Match(Frozen):
    """What a signature looks for, in each line or in each parsed row.

    line: regular expressions, one of which must be found in the line; its named groups fill the templates.
    has: literal strings, one of which stands in every such line: they make the search fast.
    unless: a regular expression that must not be found in the line.
    where: tests of a row's fields, all of which must hold; its fields fill the templates. With `line` too, both must.
    message_id: systemd MESSAGE_IDs, one of which the journal entry carries. It decides where the entries are known
    (`tai.parsers.journal`); `line`, when given, then only fills the templates, and is what decides in plain lines.
    min: so many lines or rows are needed. per: they are counted for each value of this group or field.
    within_s: that many of them within so many seconds, by the lines' own times.
    largest: of the rows, only the few with the largest value of this field.
    """

    line: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    has: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    unless: str = ""
    where: tuple[Condition, ...] = ()
    message_id: Annotated[tuple[MessageId, ...], BeforeValidator(_listed)] = ()
    min: Annotated[int, Field(ge=1)] = 1
    per: str = ""
    within_s: Annotated[int, Field(ge=1, le=7 * 86400)] | None = None
    largest: str = ""


class Case(Frozen):
    """A text that the signature must, or must not, fit. kind: of text, when the signature reads several.

    values: groups or fields, and what the signature must read there. origin: where the text is from; 'written' when
    nobody's machine printed it.
    """

    text: Text
    matches: bool
    kind: str = ""
    values: Mapping[str, str] = Field(default_factory=dict)
    origin: Text = "written"


class Signature(Frozen):
    """A fault and how it shows. cause: it may stand as the root cause by itself; otherwise it is a symptom.

    reads: kinds of text. subject, explanation, actions, checks are templates over the match's groups or fields, and
    `{count}`. explained_by: signatures that are, when found as well, the deeper cause. leads_to: what this fault does to
    others; effect: what of that this finding is: whatever leads to it can explain it, without naming each other.
    fallback: it is general, and only told for lines that no other signature's finding cites; the earlier of two in the
    catalog comes first. reference: where the message or number is documented; tai's own signatures all have one.
    """

    id: Id
    title: Text
    severity: Severity
    category: str = ""
    cause: bool = False
    fallback: bool = False
    reads: Annotated[tuple[Id, ...], BeforeValidator(_listed), Field(min_length=1)] = ("log",)
    match: Match
    subject: str = ""
    explanation: Text
    actions: tuple[Text, ...] = ()
    checks: tuple[Annotated[tuple[Text, ...], Field(min_length=1)], ...] = ()
    explained_by: tuple[Id, ...] = ()
    leads_to: Annotated[tuple[Effect, ...], BeforeValidator(_listed)] = ()
    effect: Annotated[tuple[Effect, ...], BeforeValidator(_listed)] = ()
    reference: str = ""
    cases: Annotated[tuple[Case, ...], Field(alias="case")] = ()


class Collector(Frozen):
    """One file: a subject. words: words in a ticket that bring it forward."""

    name: Id
    title: Text
    category: Text
    words: tuple[Text, ...] = ()
    probes: Annotated[tuple[Probe, ...], Field(alias="probe")] = ()
    signatures: Annotated[tuple[Signature, ...], Field(alias="signature")] = ()
