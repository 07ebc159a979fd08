"""What a slash command has to show, as plain values. Not how it looks: each front end draws them its own way.

Counterpart: `tai.events` tells what happens in an investigation; a view is what a user asked to see again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # building pydantic's models takes longer than drawing the prompt, which needs none of them
    from tai.events import PlannedStep
    from tai.model import Diagnosis, Finding, Observation, Pinned, Ticket, Window


Form = Literal["raw", "parsed", "condensed"]
"""What of an observation is shown."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence to the user. warning: they should look at it."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class TicketView:
    """The ticket as tai understood it."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class WindowView:
    """When it happened, as tai understood it."""

    window: Window


@dataclass(frozen=True, slots=True)
class PlanView:
    """The commands in their order; done: the numbers of those that have an observation."""

    steps: tuple[PlannedStep, ...]
    done: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """All observations, a line each."""

    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class ObservationView:
    """A part of one observation: `count` lines from line `first` (from 1). cited: line numbers that findings or claims rest on.

    form: as the host printed it, as parsed, or a line of each kind. paged: asked for to be read at leisure.
    """

    observation: Observation
    first: int
    count: int
    cited: frozenset[int] = frozenset()
    form: Form = "raw"
    paged: bool = False


@dataclass(frozen=True, slots=True)
class FindingsView:
    """Every signature that fitted."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class TextView:
    """A text to the letter: the prompt as the model got it, or what the model said."""

    text: str


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """A diagnosis. sources: observation id to the command that printed it."""

    diagnosis: Diagnosis
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableView:
    """Rows of two columns, the first a name to type."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ContextView:
    """What the next question goes out with. asked: questions so far; tokens: of the last prompt; pinned: facts in their order."""

    host: str
    evidence: int
    findings: int
    asked: int
    tokens: int
    pinned: tuple[Pinned, ...]


@dataclass(frozen=True, slots=True)
class Cleared:
    """Screen and conversation are gone; kept: observations that stay."""

    kept: int


@dataclass(frozen=True, slots=True)
class DiffView:
    """Two looks at the same thing. lines: a unified diff of their texts, () when nothing changed."""

    before: Observation
    after: Observation
    lines: tuple[str, ...]


View = (
    Message
    | TicketView
    | WindowView
    | PlanView
    | EvidenceView
    | ObservationView
    | FindingsView
    | TextView
    | DiagnosisView
    | TableView
    | ContextView
    | Cleared
    | DiffView
)
