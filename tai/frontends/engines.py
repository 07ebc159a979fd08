"""Who answers under the settings: the model's engine, where one is configured, else the deterministic one.

A conversation may turn to another while it lasts (`/model`): `turned` makes the settings for it, `answering` the engine, which
has been heard to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tai.errors import InputError, ModelError
from tai.settings import Settings
from tai.text.sanitise import sanitise_line

if TYPE_CHECKING:
    from tai.llm.discovery import ServedModel
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
        await wanted(engine, chosen, await served(engine, chosen))
    except BaseException:
        await engine.close()
        raise
    return engine


async def served(engine: VLLMEngine, chosen: Settings) -> tuple[ServedModel, ...]:
    """The models that the server lists; () where it lists none, which is no fault where the settings name the model. Raises
    ModelError.
    """
    try:
        return await engine.models()
    except ModelError:
        if not chosen.model:
            raise
        return ()


async def wanted(engine: VLLMEngine, chosen: Settings, listed: Sequence[ServedModel]) -> str:
    """The model that an incident would ask, by its name in the list if it is there. Raises ModelError where there is none.

    A server that lists nothing is asked for a few tokens: they tell.
    """
    from tai.llm.discovery import same_model  # noqa: PLC0415 - only where a model is asked

    if not chosen.model:
        return await engine.named()
    if not listed:
        await engine.features()
        return chosen.model
    for each in listed:
        if same_model(each.name, chosen.model):
            return each.name
    names = ", ".join(sanitise_line(each.name) for each in listed)
    raise ModelError(
        f"The server at {chosen.model_url} has no model {chosen.model}; it has {names}. Correct model, or leave it out."
    )


def _at_home(file: Path | None) -> Path | None:
    """`~/…` in a config file means what it means in a shell."""
    return file and file.expanduser()


def _key(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        # Some editors begin a file with a byte order mark.
        return file.read_text(encoding="utf-8-sig").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the API key file {file} cannot be read: {error}") from None
