"""What an engine says, before anything of it is believed: the contract for a model's JSON.

Not a diagnosis: `tai.engine.verify` turns an `Answer` into a `tai.model.Diagnosis`, and drops or sets apart what the
host did not print. Fields stand in the order in which a small model should think: what is seen, what followed what,
what could explain it, and only then the cause. Every string and every list is bounded, because a model under a JSON
schema can repeat without end (shared `VLLM.md`, traps), and a bound in the schema stops it at the server.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Short = Annotated[str, StringConstraints(max_length=160)]
Sentence = Annotated[str, StringConstraints(max_length=400)]
Line = Annotated[str, StringConstraints(max_length=600)]


class _Bounded(BaseModel):
    # Extra keys are ignored, not an error: a server without schema support may add some, and nothing reads them.
    model_config = ConfigDict(frozen=True, extra="ignore")


class SaidQuote(_Bounded):
    """A line that the engine says the host printed. evidence: an observation's id, `E3`; line: from 1."""

    evidence: Annotated[str, StringConstraints(max_length=8)]
    line: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    text: Line


class SaidClaim(_Bounded):
    """A statement, with the lines it rests on."""

    text: Sentence
    quotes: Annotated[tuple[SaidQuote, ...], Field(max_length=4)] = ()


class SaidMoment(_Bounded):
    """A point of the timeline, time as printed."""

    at: Annotated[str, StringConstraints(max_length=40)]
    text: Sentence
    quote: SaidQuote | None = None


class SaidHypothesis(_Bounded):
    """A possible cause, with what speaks for and against it."""

    cause: Sentence
    supporting: Annotated[tuple[SaidClaim, ...], Field(max_length=4)] = ()
    refuting: Annotated[tuple[SaidClaim, ...], Field(max_length=4)] = ()


class SaidValue(_Bounded):
    """What to fill a probe's slot with: name is the slot's, `unit`."""

    name: Annotated[str, StringConstraints(max_length=20)]
    value: Short


class SaidCheck(_Bounded):
    """A look that would help: a probe of a collector with its values, or a command. Text until `tai.engine.checks` allows it."""

    probe: Annotated[str, StringConstraints(max_length=60)] = ""
    values: Annotated[tuple[SaidValue, ...], Field(max_length=3)] = ()
    argv: Annotated[tuple[Short, ...], Field(max_length=24)] = ()
    why: Sentence = ""


class Answer(_Bounded):
    """The whole of an engine's answer."""

    observations: Annotated[tuple[SaidClaim, ...], Field(max_length=8)] = ()
    timeline: Annotated[tuple[SaidMoment, ...], Field(max_length=12)] = ()
    hypotheses: Annotated[tuple[SaidHypothesis, ...], Field(max_length=4)] = ()
    outcome: Literal["root_cause", "healthy", "inconclusive"]
    cause: Sentence
    evidence: Annotated[tuple[SaidClaim, ...], Field(max_length=8)] = ()
    missing: Annotated[tuple[Sentence, ...], Field(max_length=8)] = ()
    actions: Annotated[tuple[Sentence, ...], Field(max_length=8)] = ()
    next_checks: Annotated[tuple[SaidCheck, ...], Field(max_length=5)] = ()
