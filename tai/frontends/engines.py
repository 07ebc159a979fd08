"""Who answers under the settings: the model's engine, where one is configured, else the deterministic one.

A conversation may turn to another while it lasts (`/model`): `turned` makes the settings for it, `answering` the engine, which
has been heard to be there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tai.errors import InputError, ModelError
from tai.settings import Settings

if TYPE_CHECKING:
    from tai.llm.vllm import VLLMEngine


def engine_name(chosen: Settings) -> str:
    """Who answers under these settings, for a status line."""
    return (
        "vllm"
        if chosen.engine == "vllm" or (chosen.engine == "auto" and chosen.model_url)
        else "deterministic"
    )


def model_engine(chosen: Settings) -> VLLMEngine | None:
    """The model's engine, None when the deterministic one is to answer."""
    if engine_name(chosen) != "vllm":
        return None
    if not chosen.model_url:
        raise InputError(
            "--engine vllm needs a server: set --model-url, TAI_MODEL_URL or model_url in the config file"
        )
    from tai.llm.endpoint import Identity  # noqa: PLC0415 - only where a model is asked
    from tai.llm.vllm import VLLMConfig, VLLMEngine  # noqa: PLC0415 - only where a model is asked

    return VLLMEngine(
        VLLMConfig(
            url=chosen.model_url,
            model=chosen.model,
            api_key=chosen.model_key.get_secret_value().strip() or _key(_at_home(chosen.model_key_file)),
            identity=Identity(*map(_at_home, (chosen.model_ca, chosen.model_cert, chosen.model_cert_key))),
            connect_s=chosen.model_connect_s,
            first_token_s=chosen.model_first_token_s,
            stall_s=chosen.model_stall_s,
            total_s=chosen.model_total_s,
            allow=chosen.model_allow,
        )
    )


def turned(chosen: Settings, configured: Settings, who: str, name: str = "") -> Settings:
    """The settings for another who answers. chosen: those at hand; configured: those that the conversation began with.

    who: `off`, `on`, the URL of a server, where `name` is one of its models, or the name of a model on the server at hand.
    Raises InputError, and ModelError for a URL that is none or not allowed.
    """
    place = "://" in who or who.startswith("unix:")
    if name and not place:
        raise InputError(f"/model takes a second word only after a server's URL, and {who!r} is none")
    if who == "off":
        return chosen.model_copy(update={"engine": "deterministic"})
    if who == "on":
        if not configured.model_url:
            raise InputError("the settings name no model server (model_url); /model URL turns to one")
        return configured.model_copy(update={"engine": "vllm"})
    if not place:
        if not chosen.model_url:
            raise InputError(
                f"there is no server at hand that could have a model {who}; /model URL turns to one, "
                "such as http://127.0.0.1:8000"
            )
        return chosen.model_copy(update={"engine": "vllm", "model": who})
    update: dict[str, object] = {"engine": "vllm", "model_url": who, "model": name}
    if same_server(who, configured):
        update |= {"model_key": configured.model_key, "model_key_file": configured.model_key_file}
    else:
        update |= {"model_key": SecretStr(""), "model_key_file": None}
    return chosen.model_copy(update=update)


def same_server(url: str, configured: Settings) -> bool:
    """Whether it is the server of the settings, which alone may see their API key. Raises ModelError for a bad URL."""
    from tai.llm.endpoint import parse  # noqa: PLC0415 - only where a model is asked

    one = parse(url, configured.model_allow)
    if not configured.model_url:
        return False
    other = parse(configured.model_url, configured.model_allow)
    return (one.root, one.socket) == (other.root, other.socket)


async def answering(chosen: Settings) -> VLLMEngine | None:
    """The model's engine, its server reached and its model served; None when the deterministic one is to answer.

    Raises ModelError with the reason when there is no such server or model.
    """
    engine = model_engine(chosen)
    if engine is None:
        return None
    try:
        await _heard(engine, chosen)
    except BaseException:
        await engine.close()
        raise
    return engine


async def _heard(engine: VLLMEngine, chosen: Settings) -> None:
    try:
        served = [each.name for each in await engine.models()]
    except ModelError:
        if not chosen.model:
            raise
        await engine.features()  # some servers list nothing: a few tokens tell
        return
    if chosen.model and chosen.model not in served:
        raise ModelError(
            f"the server at {chosen.model_url} has no model {chosen.model}; it has {', '.join(served) or 'none'}"
        )
    await engine.named()


def _at_home(file: Path | None) -> Path | None:
    """`~/…` in a config file means what it means in a shell."""
    return file and file.expanduser()


def _key(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the API key file {file} cannot be read: {error}") from None
