"""Who answers under the settings: the model's engine, where one is configured, else the deterministic one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tai.errors import InputError
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
