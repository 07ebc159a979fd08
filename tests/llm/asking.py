"""Asks a `VLLMEngine` as the upper layers do, with limits short enough for tests."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from tai import resources
from tai.engine.prompt import load_templates, wording
from tai.errors import ModelError
from tai.llm.base import Delta, Message, Question, Said
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.model import Ticket

WORDING = wording(load_templates([resources.folder("prompts")]))
QUESTION = Question(
    (Message("system", "You diagnose."), Message("user", "What broke?")),
    Ticket(text="disk full"),
    wording=WORDING,
)
# Long enough for a busy machine to answer in, and short enough to wait out where a test does so on purpose.
PATIENT = VLLMConfig("", connect_s=5, first_token_s=5, stall_s=5, total_s=10, backoff_s=0.01)
# For the tests in which the limit is what comes.
HASTY_S = 0.2


@dataclass
class Heard:
    """Everything that an engine yielded."""

    deltas: list[Delta] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def text(self, channel: str = "answer") -> str:
        return "".join(delta.text for delta in self.deltas if delta.channel == channel)


async def ask(url: str, question: Question = QUESTION, **config: object) -> Heard:
    """One question, one engine; ends by itself within seconds or fails."""
    engine = VLLMEngine(replace(PATIENT, url=url, **config))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(20):
            return await hear(engine, question)
    finally:
        await engine.close()


async def hear(engine: VLLMEngine, question: Question = QUESTION) -> Heard:
    heard = Heard()
    async with aclosing(engine.ask(question)) as stream:
        async for part in stream:
            if isinstance(part, Said):
                heard.said.append(part)
            else:
                heard.deltas.append(part)
    assert len(heard.said) == 1
    return heard


async def refused(url: str, question: Question = QUESTION, **config: object) -> ModelError:
    """The ModelError that the question ends in."""
    with pytest.raises(ModelError) as caught:
        await ask(url, question, **config)
    return caught.value
