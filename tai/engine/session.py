"""The only mutable state of an investigation: what is known so far, and the folder that records it.

Not a loop and not a view: `tai.engine.investigate` changes it, front ends only read it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tai.engine.plan import Step
from tai.events import PromptMade
from tai.llm.base import Message
from tai.model import Diagnosis, Finding, Host, Observation, Pinned, Ticket
from tai.transport.base import Connection, Target


def new_id(now: datetime) -> str:
    """An id that sorts by time and does not collide: `20261121-140502-3fa9`."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@dataclass(slots=True)
class Session:
    """One investigation of one host. nonce: fences evidence in prompts, unknown to any host.

    steps: every command planned so far, by number. observations: in the order of their ids, attachments first.
    conversation: what the model was asked and what it said, in turn. pinned: facts that the user has stated.
    sealed: why the host of this evidence is not looked at again, '' where it may be.
    """

    id: str
    folder: Path
    nonce: str
    target: Target | None = None
    connection: Connection | None = None
    host: Host | None = None
    ticket: Ticket | None = None
    steps: list[Step] = field(default_factory=list)
    skipped: tuple[str, ...] = ()
    observations: list[Observation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    conversation: list[Message] = field(default_factory=list)
    pinned: list[Pinned] = field(default_factory=list)
    prompt: PromptMade | None = None
    diagnosis: Diagnosis | None = None
    sealed: str = ""

    @property
    def target_name(self) -> str:
        """The host's name as the user gave it, '' when there is none."""
        return self.target.name if self.target else ""

    @property
    def prompt_text(self) -> str:
        """Exactly what the model was sent last, role by role; '' before the first prompt."""
        return "\n".join(f"[{message.role}]\n{message.content}" for message in self.conversation)

    def observation(self, ref: str) -> Observation | None:
        """By id (`E3`, `e3`) or by the number of its command (`3`, `#3`)."""
        wanted = ref.strip().lstrip("#").upper()
        numbered = {str(step.n): step.id for step in self.steps}
        wanted = numbered.get(wanted, wanted)
        return next((seen for seen in self.observations if seen.id == wanted), None)

    def add(self, seen: Observation) -> None:
        """Take an observation in, in the order of the numbers in their ids, whenever it was finished."""
        self.observations.append(seen)
        self.observations.sort(key=lambda each: int(each.id[1:]))

    def forget_evidence(self) -> None:
        """Drop what one host printed, when the user turns to another."""
        self.steps.clear()
        self.observations.clear()
        self.findings.clear()
        self.skipped = ()
        self.host = None
        self.sealed = ""
        self.forget_conversation()

    def forget_conversation(self) -> None:
        """Drop ticket, prompt, answers and stated facts; evidence stays."""
        self.ticket = None
        self.pinned.clear()
        self.conversation.clear()
        self.prompt = None
        self.diagnosis = None
