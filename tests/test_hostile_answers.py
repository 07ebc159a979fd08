"""Poisoned text in what a model says and in how it fails: nothing of it may act, hide or move on a screen or in a record.

What must hold is `tests.hostile.prove`; hosts and people are in `test_hostile_text.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tai.answer import Answer
from tai.errors import ModelError
from tai.llm.base import Delta, Engine, Question, Said
from tai.llm.scripted import ScriptedEngine
from tai.transport.base import Completed
from tests.hostile import HostileHost, Stage, prove
from tests.poison import TEXTS, answers
from tests.tiers import first_quick

TICKET = "postgresql.service on db-01 fails since 14:00, port 5432, /srv is full"


def quiet(argv: tuple[str, ...]) -> Completed:
    del argv
    return Completed(0, b"nothing of note\n")


class Thinking:
    """A model that thinks the whole pile aloud, and then says nothing."""

    name, model = "vllm", "\n".join(TEXTS)[:3000]

    async def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
        del question
        for channel in ("reasoning", "answer"):
            for text in TEXTS:
                yield Delta(f"{text}\n", channel=channel)
        raise ModelError("\n".join(TEXTS), said="\n".join(TEXTS))

    async def close(self) -> None:
        return None


@pytest.mark.parametrize("answer", first_quick(answers()), ids=lambda answer: ascii(answer.cause[:20]))
async def test_fields_of_a_models_answer(tmp_path: Path, answer: Answer) -> None:
    host = HostileHost(quiet)
    stage = Stage(tmp_path, host, engine=ScriptedEngine([answer, answer]))
    await stage.investigation.diagnose(TICKET)
    await stage.investigation.follow_up("and now?")
    prove(stage, host)


async def test_reasoning_and_last_words_of_a_model_that_fails(tmp_path: Path) -> None:
    host = HostileHost(quiet)
    engine: Engine = Thinking()
    stage = Stage(tmp_path, host, engine=engine)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)
