"""An engine that says what it was given: for tests of whatever stands above the seam, and for recorded runs.

Not a mock of the model server: `tai.llm.vllm` is tested against a real one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

from tai.answer import Answer
from tai.errors import ModelError
from tai.llm.base import Delta, Question, Said

_PIECE = 24  # characters a delta: small enough to split words and JSON strings, as a model does


class ScriptedEngine:
    """Answers the n-th question with the n-th entry: an Answer is streamed and said, a ModelError is raised.

    A ModelError's `said` is streamed before it is raised, as from a model that broke off. asked: the questions so far.
    """

    def __init__(
        self, answers: Iterable[Answer | ModelError], *, name: str = "vllm", model: str = "scripted"
    ) -> None:
        self._answers = iter(answers)
        self._name = name
        self._model = model
        self.asked: list[Question] = []
        self.closed = False

    @property
    def name(self) -> str:
        """As given; `vllm` by default, so that callers take it for a language model."""
        return self._name

    @property
    def model(self) -> str:
        """As given."""
        return self._model

    async def ask(self, question: Question) -> AsyncGenerator[Delta | Said, None]:
        """Stream the next entry. Raises ModelError also when the script is at its end."""
        self.asked.append(question)
        entry = next(self._answers, ModelError("The script has no more answers."))
        text = entry.said if isinstance(entry, ModelError) else entry.model_dump_json()
        for start in range(0, len(text), _PIECE):
            yield Delta(text[start : start + _PIECE])
        if isinstance(entry, ModelError):
            raise entry
        yield Said(entry, answer_tokens=-(-len(text) // 4))

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
