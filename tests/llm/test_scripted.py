"""The scripted engine behaves as `tai.llm.base.Engine` says."""

from __future__ import annotations

import pytest

from tai.errors import ModelError
from tai.llm.base import Delta, Engine, Said
from tai.llm.scripted import ScriptedEngine
from tests.llm.asking import QUESTION
from tests.llm.server import ANSWER


async def test_answers_in_pieces_and_in_order() -> None:
    engine: Engine = ScriptedEngine([ANSWER, ModelError("The model went away.", said='{"cause":')])
    parts = [part async for part in engine.ask(QUESTION)]
    assert "".join(part.text for part in parts if isinstance(part, Delta)) == ANSWER.model_dump_json()
    assert len(parts) > 3
    assert isinstance(parts[-1], Said)
    assert parts[-1].answer == ANSWER

    stream = engine.ask(QUESTION)
    assert await anext(stream) == Delta('{"cause":')
    with pytest.raises(ModelError, match="went away"):
        await anext(stream)


async def test_question_past_the_script_is_an_error_and_recorded() -> None:
    engine = ScriptedEngine([])
    with pytest.raises(ModelError, match="no more answers"):
        _ = [part async for part in engine.ask(QUESTION)]
    assert engine.asked == [QUESTION]
    await engine.close()
    assert engine.closed
