"""What servers list of their models, in the forms that they have for it, and which one is taken."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tai.llm.discovery import ServedModel
from tai.llm.vllm import VLLMEngine
from tests.llm.asking import PATIENT
from tests.llm.server import running


async def listed(page: object) -> tuple[ServedModel, ...]:
    async with running() as server:
        server.listing = json.dumps(page)
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        try:
            return await engine.models()
        finally:
            await engine.close()


@pytest.mark.parametrize(
    "page",
    [
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}]},
        {"data": [], "models": [{"name": "a"}, {"model": "b"}]},
        {"models": ["a", "b"]},
        [{"id": "a", "name": "A"}, {"name": "b"}],
        {"data": [{"id": "a"}, {"id": 7}, {"id": ""}, 7, None, {"id": " "}, {"name": "b"}]},
    ],
)
async def test_models_are_read_from_any_form_of_list(page: object) -> None:
    assert [model.name for model in await listed(page)] == ["a", "b"]


@pytest.mark.parametrize("page", [{}, [], 7, "a", {"data": "a"}, {"data": {"id": "a"}}, None])
async def test_what_lists_nothing_is_no_model(page: object) -> None:
    assert await listed(page) == ()


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"max_model_len": 8192, "meta": {"n_ctx": 1}}, 8192),
        ({"meta": {"n_ctx_train": 131072, "n_ctx": 4096}}, 4096),
        ({"meta": {"n_ctx_train": 131072}}, 0),
        ({"context_length": 32768}, 32768),
        ({"max_context_length": 131072, "loaded_context_length": 4096}, 4096),
        ({"max_context_length": 32768}, 32768),
        ({"context_length": "32768", "max_model_len": True, "meta": [1]}, 0),
    ],
)
async def test_window_is_read_from_the_fields_that_servers_have_for_it(
    entry: dict[str, object], window: int
) -> None:
    assert await listed({"data": [{"id": "m", **entry}]}) == (ServedModel("m", window),)


@pytest.mark.parametrize(
    ("entries", "taken"),
    [
        (
            [
                {"id": "nomic-embed-text"},
                {"id": "bge-reranker"},
                {"id": "whisper-1"},
                {"id": "tts-1"},
                {"id": "m"},
            ],
            "m",
        ),
        ([{"id": "x", "type": "embeddings"}, {"id": "m", "type": "llm"}], "m"),
        ([{"id": "n"}, {"id": "m"}], "n"),
        ([{"id": "mttsx"}, {"id": "m"}], "mttsx"),
        ([{"id": "bge-embed"}], "bge-embed"),
    ],
)
async def test_model_that_answers_in_words_is_taken_before_others(entries: object, taken: str) -> None:
    async with running() as server:
        server.listing = json.dumps({"data": entries})
        engine = VLLMEngine(replace(PATIENT, url=server.url))
        assert await engine.named() == taken
        await engine.close()
