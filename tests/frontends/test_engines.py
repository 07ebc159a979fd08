"""The model's engine as the settings make it: key and certificates, seen by a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from tai.errors import InputError
from tai.frontends.engines import model_engine
from tai.settings import Settings
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


def test_key_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="API key file /nonexistent/key cannot be read"):
        model_engine(Settings(model_url="http://127.0.0.1:1", model_key_file=Path("/nonexistent/key")))
