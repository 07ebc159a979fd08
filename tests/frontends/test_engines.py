"""The model's engine as the settings make it: key and certificates, seen by a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from tai.errors import InputError, ModelError
from tai.frontends.doctor.here import _model
from tai.frontends.engines import answering, model_engine, turned
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.settings import Settings
from tests.engine.test_investigate import stage
from tests.llm.asking import hear
from tests.llm.server import ANSWER, Exchange, running


async def well(exchange: Exchange) -> None:
    await exchange.say(ANSWER.model_dump_json())


async def key_sent(**settings: object) -> str:
    """The Authorization header that a server gets under these settings."""
    async with running(well) as server:
        engine = model_engine(Settings(model_url=server.url, **settings))  # type: ignore[arg-type]
        assert engine is not None
        await hear(engine)
        await engine.close()
    return server.asked[0].headers.get("authorization", "")


async def test_key_comes_from_the_setting_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text("from-file\nand a note\n")
    assert await key_sent() == ""
    assert await key_sent(model_key_file=Path("~/key")) == "Bearer from-file"
    assert await key_sent(model_key=SecretStr("direct"), model_key_file=Path("~/key")) == "Bearer direct"


async def test_key_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAI_MODEL_KEY", "from-environment")
    assert await key_sent() == "Bearer from-environment"


async def test_key_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbffrom-file\r\n")
    assert await key_sent(model_key_file=tmp_path / "key") == "Bearer from-file"


def test_key_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="API key file /nonexistent/key cannot be read"):
        model_engine(Settings(model_url="http://127.0.0.1:1", model_key_file=Path("/nonexistent/key")))


CONFIGURED = Settings(
    model_url="http://127.0.0.1:8000/v1", model="gemma", model_key=SecretStr("direct"), engine="auto"
)


def test_a_conversation_turns_to_rules_and_back_and_to_another_model_of_the_same_server() -> None:
    off = turned(CONFIGURED, CONFIGURED, "off")
    assert model_engine(off) is None
    assert turned(off, CONFIGURED, "on") == CONFIGURED.model_copy(update={"engine": "vllm"})
    other = turned(off, CONFIGURED, "google/gemma:4b")
    assert (other.model, other.model_url, other.engine) == (
        "google/gemma:4b",
        CONFIGURED.model_url,
        "vllm",
    )
    assert other.model_key == CONFIGURED.model_key


def test_who_cannot_answer_is_told_with_what_would() -> None:
    for who, why in (("on", "name no model server"), ("big", "no server at hand .* big; /model URL")):
        with pytest.raises(InputError, match=why):
            turned(Settings(), Settings(), who)
    with pytest.raises(InputError, match="only after a server's URL"):
        turned(CONFIGURED, CONFIGURED, "big", "small")
    for url in ("http://", "ftp://127.0.0.1", "unix:vllm.sock", "http://8.8.8.8/v1"):
        with pytest.raises(ModelError):
            turned(CONFIGURED, CONFIGURED, url)


async def test_the_key_goes_to_the_server_that_it_is_for_and_to_no_other() -> None:
    async with running(well) as own, running(well) as other:
        configured = Settings(model_url=own.url, model_key=SecretStr("direct"))
        chosen = configured
        for who in (other.url, "tiny", own.url + "/v1"):
            chosen = turned(chosen, configured, who)
            engine = await answering(chosen)
            assert engine is not None
            await hear(engine)
            await engine.close()
    assert [asked.headers.get("authorization") for asked in own.asked] == ["Bearer direct"]
    assert [asked.headers.get("authorization") for asked in other.asked] == [None, None]


def test_a_server_cannot_write_to_the_terminal_by_the_name_of_its_model(tmp_path: Path) -> None:
    run = stage(tmp_path, engine=VLLMEngine(VLLMConfig("http://127.0.0.1:1", "tiny\x1b[31m\x1b]0;owned\x07")))
    assert run.investigation.who.startswith("vllm tiny")
    assert not set("\x1b\x07") & set(run.investigation.who)


async def test_a_server_is_heard_before_a_conversation_turns_to_it() -> None:
    async with running(well) as server:
        chosen = Settings(model_url=server.url)
        engine = await answering(chosen)
        assert engine is not None
        assert engine.model == "tiny"
        await engine.close()
        with pytest.raises(ModelError, match=r"has no model big; it has tiny\. Correct model"):
            await answering(chosen.model_copy(update={"model": "big"}))
        server.models = []
        with pytest.raises(ModelError, match="serves no model"):
            await answering(chosen)
    with pytest.raises(ModelError, match=server.url):
        await answering(chosen)


@pytest.mark.parametrize("listing", ["", '{"data": []}', "<html>"])
async def test_a_model_that_is_not_listed_because_nothing_is_answers(listing: str) -> None:
    """As for an incident: who names a model needs no list. Doctor says the same."""
    async with running(well) as server:
        server.listing, server.models = listing, []
        chosen = Settings(model_url=server.url, model="big")
        engine = await answering(chosen)
        assert engine is not None
        assert engine.model == "big"
        await engine.close()
        line = await _model(chosen)
    assert (line.verdict, line.what) == ("ok", "model")
    assert "big, which it does not list" in line.detail


@pytest.mark.parametrize(("named", "listed"), [("tiny", "tiny:latest"), ("tiny:latest", "tiny")])
async def test_a_name_without_its_latest_tag_is_the_same_model(named: str, listed: str) -> None:
    async with running(well) as server:
        server.models = [listed]
        chosen = Settings(model_url=server.url, model=named)
        engine = await answering(chosen)
        assert engine is not None
        await engine.close()
        assert (await _model(chosen)).verdict == "ok"
    assert server.asked == []


async def test_doctor_warns_of_a_model_that_the_server_lacks() -> None:
    async with running(well) as server:
        line = await _model(Settings(model_url=server.url, model="big"))
    assert line.verdict == "warn"
    assert "has no model big; it has tiny." in line.detail
