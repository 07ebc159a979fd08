"""`tai model status` against a real HTTP server: what it offers, what it lacks, and a name that it does not have."""

from __future__ import annotations

import asyncio
import json

import pytest

from tai.frontends.flags import Flags
from tai.frontends.models.status import status
from tests.llm.server import Exchange, running


async def greets(exchange: Exchange) -> None:
    await exchange.say("Hello!", usage={"prompt_tokens": 9, "completion_tokens": 2})


async def shown(capsys: pytest.CaptureFixture[str], flags: Flags, *, as_json: bool) -> tuple[int, str]:
    code = await asyncio.to_thread(status, flags, as_json=as_json)
    return code, capsys.readouterr().out


async def test_what_a_server_offers_and_lacks_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(greets) as server:
        code, text = await shown(capsys, Flags(model_url=server.url), as_json=False)
    assert code == 0
    said = " ".join(text.split())
    assert "schema not enforced" in said
    assert "offers a fixed seed, token counts in a stream" in said
    assert "lacks several answers at once (samples), log probabilities; tai does without" in said
    assert "estimated by tai" in said
    assert len(server.asked) == 1


async def test_features_are_data_too(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(greets) as server:
        code, text = await shown(capsys, Flags(model_url=server.url), as_json=True)
    told = json.loads(text)
    assert code == 0
    assert (told["features"]["schema"], told["features"]["usage"]) == (False, True)
    assert told["models"] == [{"name": "tiny", "window": 8192}]


async def test_a_model_that_the_server_lacks_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(greets) as server:
        code, text = await shown(capsys, Flags(model_url=server.url, model="big"), as_json=False)
    assert code == 3
    assert "has no model big; it has tiny. Correct model, or leave it out." in " ".join(text.split())
    assert server.asked == []


async def test_a_refused_trial_is_told_as_the_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(lambda exchange: exchange.whole("401 Unauthorized", "{}")) as server:
        code, text = await shown(capsys, Flags(model_url=server.url), as_json=False)
    assert code == 3
    assert "refused the API key" in text


async def test_a_model_that_is_not_listed_because_nothing_is_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with running(greets) as server:
        for listing in ('{"data": []}', '{"detail": "Not Found"}', "no JSON"):
            server.listing = listing
            code, text = await shown(capsys, Flags(model_url=server.url, model="big"), as_json=False)
            said = " ".join(text.split())
            assert code == 0
            assert "answers" in said
            assert "big: not listed, as nothing is, and asked all the same" in said
            assert "trouble" not in said


async def test_a_server_without_models_is_told_so_where_none_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with running(greets) as server:
        server.models = []
        code, text = await shown(capsys, Flags(model_url=server.url), as_json=False)
    assert code == 3
    assert "serves no model; set model to the name of one." in " ".join(text.split())


async def test_a_tag_of_latest_is_the_model_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(greets) as server:
        server.models = ["other", "tiny:latest"]
        code, text = await shown(capsys, Flags(model_url=server.url, model="tiny"), as_json=False)
    assert code == 0
    assert "tiny:latest: 8,192 tokens, the one that is asked" in " ".join(text.split())


async def test_a_name_with_a_newline_breaks_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(greets) as server:
        server.models = ["ti\nny"]
        _, text = await shown(capsys, Flags(model_url=server.url), as_json=False)
        _, lacking = await shown(capsys, Flags(model_url=server.url, model="big"), as_json=False)
    assert r"ti\nny: 8,192 tokens" in text
    assert r"it has ti\nny." in " ".join(lacking.split())
