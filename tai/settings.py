"""The only reader of the environment and the config file. Everything else is handed a `Settings`.

Not a global: `load` is called once by the front end. Strength rises from the built-in default over the file
(`~/.config/tai/config.toml`) and the environment (`TAI_BUDGET=4000`) to flags. A name is the same in all three.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from platformdirs import PlatformDirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tai.errors import ConfigError

_DIRS = PlatformDirs("tai", appauthor=False)


def default_config_path() -> Path:
    """`$XDG_CONFIG_HOME/tai/config.toml`, by default below ~/.config."""
    return _DIRS.user_config_path / "config.toml"


def _state_dir() -> Path:
    return _DIRS.user_state_path


def _collectors_dir() -> Path:
    return _DIRS.user_config_path / "collectors"


def _prompts_dir() -> Path:
    return _DIRS.user_config_path / "prompts"


class HostSettings(BaseModel):
    """What holds for one host only: a table `[hosts."web-01"]` of the config file. The name may hold `*`: `"web-*"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sudo: bool = Field(
        False,
        strict=True,
        description="Run the commands that the catalogue marks for it with `sudo -n`. Off unless this says so.",
    )
    proxy_command: bool = Field(
        False,
        strict=True,
        description="Run the ProxyCommand that ssh's configuration names for this host, or jump host, here on this machine.",
    )


class Settings(BaseSettings):
    """Every setting, with its default and its meaning. Times are in seconds, sizes in bytes, budgets in tokens."""

    model_config = SettingsConfigDict(env_prefix="TAI_", extra="forbid", frozen=True, protected_namespaces=())

    engine: Literal["auto", "vllm", "deterministic"] = Field(
        "auto",
        description="Who answers. auto: the model when `model_url` is set, else the deterministic engine.",
    )
    model_url: str = Field(
        "", description="Base URL of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1."
    )
    model: str = Field(
        "", description="The model's name on that server; empty asks the server which one it has."
    )
    model_key_file: Path | None = Field(
        None, description="File whose first line is the API key for `model_url`."
    )
    model_key: SecretStr = Field(
        SecretStr(""),
        description="The API key itself, best as the environment variable TAI_MODEL_KEY; it goes before `model_key_file`.",
    )
    model_ca: Path | None = Field(
        None,
        description="File with the CA certificates (PEM) that vouch for an https model server, instead of this machine's.",
    )
    model_cert: Path | None = Field(
        None, description="File with the certificate (PEM) by which the model server knows tai."
    )
    model_cert_key: Path | None = Field(
        None,
        description="File with the private key of `model_cert`, not encrypted; empty where that file holds it too.",
    )
    model_allow: tuple[str, ...] = Field(
        (), description="Hosts outside loopback and private networks that evidence may be sent to."
    )
    model_connect_s: float = Field(
        5.0, gt=0, description="Longest wait for a connection to the model server."
    )
    model_first_token_s: float = Field(
        120.0, gt=0, description="Longest wait for the first token; a cold cache reads slowly."
    )
    model_stall_s: float = Field(
        20.0, gt=0, description="Longest silence between two tokens before the answer is given up."
    )
    model_total_s: float = Field(600.0, gt=0, description="Longest time for one whole answer.")
    model_answer_tokens: int = Field(3000, ge=256, description="Most tokens a model may write in one answer.")
    model_server: str = Field(
        "", description="The vllm program that `tai model serve` starts; empty looks on PATH."
    )
    think: bool = Field(
        False,
        description="Let a model think in plain text before it answers: one call more, up to a minute more, often a better cause.",
    )
    samples: int = Field(
        1,
        ge=1,
        le=9,
        description="Answers that a model is asked for in one request; how many agree counts for confidence.",
    )
    auto: int = Field(
        0,
        ge=0,
        le=5,
        description="Rounds of proposed checks that tai may run by itself while a diagnosis is inconclusive; only what runs "
        "without a person anyway.",
    )
    budget: int = Field(8000, ge=500, description="Tokens of evidence that go into the prompt.")

    connect_timeout: float = Field(
        10.0, gt=0, description="Longest wait for a TCP connection to a host or hop."
    )
    login_timeout: float = Field(
        15.0, gt=0, description="Longest wait for key exchange and login at each hop."
    )
    retry_time: float = Field(
        10.0, ge=0, description="How long a server that turns connections away (MaxStartups) is asked again."
    )
    channels: int = Field(
        8, ge=1, le=10, description="Commands in flight at once on one connection; OpenSSH allows 10."
    )
    hosts_at_once: int = Field(32, ge=1, le=256, description="Most hosts that are looked at at once.")
    run_timeout: float = Field(
        120.0, gt=0, description="Longest time for collecting from one host, all commands together."
    )
    max_commands: int = Field(
        100,
        ge=1,
        description="Most commands in one run on one host; without a ticket it keeps to fewer by itself.",
    )
    max_run_bytes: int = Field(
        64 * 2**20, ge=2**16, description="Most bytes of output in one run on one host."
    )
    max_ticket_bytes: int = Field(2 * 2**20, ge=1024, description="A larger ticket is refused.")

    max_attachment_bytes: int = Field(64 * 2**20, ge=1024, description="A larger attachment is refused.")
    max_path_files: int = Field(8, ge=1, le=50, description="Most files that are read below one `--path`.")

    sosreport_max_files: int = Field(200_000, ge=1, description="Most files in a sosreport's archive.")
    sosreport_max_bytes: int = Field(4 * 2**30, ge=2**20, description="Most bytes that it unpacks to.")
    sosreport_max_ratio: float = Field(
        200.0, gt=1, description="Most times its own size that an archive unpacks to, from 64 MiB on."
    )
    sosreport_timeout: float = Field(300.0, gt=0, description="Longest time for unpacking.")

    keys: Literal["emacs", "vi"] = Field("emacs", description="Whose keys the prompt's input line takes.")
    plain: bool = Field(
        False,
        description="Nothing moves and no escape sequence is sent beyond the input line's own: for screen readers and slow links.",
    )

    anonymize: bool = Field(
        False,
        description="Evidence, prompt and diagnosis carry stand-ins for addresses, host and user names.",
    )
    hosts: dict[str, HostSettings] = Field(
        {}, description='Settings of single hosts, by the name you give tai: `[hosts."web-01"]`.'
    )

    state_dir: Path = Field(default_factory=_state_dir, description="Where sessions are recorded.")
    retention_days: int = Field(
        90, ge=0, description="Days that a session stays on disk after it began; 0: for ever."
    )
    retention_bytes: int = Field(
        2 * 2**30, ge=0, description="Most bytes of all sessions together; the oldest go first. 0: no limit."
    )
    collectors_dir: Path = Field(
        default_factory=_collectors_dir, description="Your own collectors, loaded on top."
    )
    prompts_dir: Path = Field(
        default_factory=_prompts_dir, description="Your own prompt templates, by the same file names."
    )

    def host(self, name: str) -> HostSettings:
        """What holds for the host of this name, as the user typed it: its own table, else the first with a fitting `*`."""
        wanted = name.lower()
        for pattern, chosen in self.hosts.items():
            if pattern.lower() == wanted:
                return chosen
        for pattern, chosen in self.hosts.items():
            if re.fullmatch(".*".join(map(re.escape, pattern.lower().split("*"))), wanted):
                return chosen
        return HostSettings()


def load(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read file and environment, put `flags` on top, and check everything.

    path: the config file; None takes the default one, which may be absent; a path that is given must exist.
    flags: values from the command line by setting name; None values do not count.
    Raises ConfigError naming file, line and key, or the environment variable.
    """
    file = path or default_config_path()
    values = _read_file(file, required=path is not None)
    given = {name: value for name, value in (flags or {}).items() if value is not None}

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Flags over environment over file; tai reads no .env file and no secrets folder."""
            del dotenv_settings, file_secret_settings
            return (init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=values))

    try:
        return Layered(**given)
    except ValidationError as error:
        raise _explain(error, file, values, given) from None
    except SettingsError as error:
        # A list or table in an environment variable is JSON, and this one is not.
        name = re.search(r'field "(\w+)"', str(error))
        variable = f"TAI_{name[1]}".upper() if name else "TAI_…"
        raise ConfigError(f"environment variable {variable}", "a JSON value was expected") from None


def _read_file(file: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise ConfigError(file, "no such file; leave --config out to use the default one") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(file, f"cannot be read: {reason}") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError(file, f"not valid TOML: {error}", line=int(line[1]) if line else None) from None
    for key in values:
        if key not in Settings.model_fields:
            near = difflib.get_close_matches(key, Settings.model_fields, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"known settings: {', '.join(Settings.model_fields)}"
            )
            raise ConfigError(file, f"unknown setting; {hint}", line=line_of(text, key), key=key)
    return values


def line_of(text: str, *path: str) -> int | None:
    """The line, from 1, that assigns the key at `path` in a TOML text, or opens the table of that name.

    A key below a table is sought behind that table's own line. Where the key itself is not found, its table's line counts.
    """
    found: int | None = None
    lines = text.splitlines()
    for depth, key in enumerate(path):
        names = rf"[\"']?{re.escape(key)}[\"']?"
        if depth:
            before = r"\.".join(rf"[\"']?{re.escape(name)}[\"']?" for name in path[:depth])
            opening = rf"\s*\[\s*{before}\s*\.\s*{names}\s*\]|\s*(?:{before}\s*\.\s*)?{names}\s*="
        else:
            opening = rf"\s*(?:\[+\s*)?{names}\s*[=.\]]"
        start = found or 0
        after = [n for n, line in enumerate(lines, start=1) if n >= start and re.match(opening, line)]
        if not after:
            break
        found = after[0]
    return found


def _explain(
    error: ValidationError, file: Path, values: Mapping[str, Any], flags: Mapping[str, Any]
) -> ConfigError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]] or [""]
    key = path[0]
    secret = key in Settings.model_fields and Settings.model_fields[key].annotation is SecretStr
    said = first["msg"].lower() + ("" if secret else f", got {first['input']!r}")
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], HostSettings.model_fields, n=1)
        known = ", ".join(HostSettings.model_fields)
        said = "unknown setting; " + (f"did you mean {near[0]}?" if near else f"known here: {known}")
    variable = _variable(key)
    if key not in flags and variable is not None and not _in_file(values, path):
        return ConfigError(f"environment variable {variable}", said, key=".".join(path[1:]))
    if key not in flags and key in values:
        line = line_of(file.read_text(encoding="utf-8"), *path)
        return ConfigError(file, said, line=line, key=".".join(path))
    return ConfigError(f"--{key.replace('_', '-')}", said)


def _in_file(values: Mapping[str, Any], path: list[str]) -> bool:
    """Whether a mistake at `path` is the file's although the variable of that name is set: tables are put together."""
    return len(path) > 1 and _at(values, path) is not None and _at(_table(path[0]), path[1:]) is None


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it holds, and where it came from.

    name: with the names of tables, `hosts.web-01.sudo`; source: what kind of place; where: `FILE:LINE`, the
    variable's or the flag's name, '' for a built-in value.
    """

    name: str
    value: Any
    source: Literal["default", "file", "environment", "flag"]
    where: str = ""


def values_of(
    chosen: Settings, path: Path | None = None, flags: Mapping[str, Any] | None = None
) -> list[Value]:
    """Every setting of `chosen`, which `load(path, flags)` gave, with its origin, in the order of the class."""
    file = path or default_config_path()
    values = _read_file(file, required=False)
    text = file.read_text(encoding="utf-8") if values else ""
    given = {name for name, value in (flags or {}).items() if value is not None}
    found: list[Value] = []
    for name in Settings.model_fields:
        if name == "hosts":
            found.extend(_hosts(chosen, file, values, text))
        elif name in given:
            found.append(Value(name, getattr(chosen, name), "flag", f"--{name.replace('_', '-')}"))
        elif (variable := _variable(name)) is not None:
            found.append(Value(name, getattr(chosen, name), "environment", variable))
        elif name in values:
            found.append(Value(name, getattr(chosen, name), "file", f"{file}:{line_of(text, name)}"))
        else:
            found.append(Value(name, getattr(chosen, name), "default"))
    return found


def _hosts(chosen: Settings, file: Path, values: Mapping[str, Any], text: str) -> Iterator[Value]:
    """The tables of single hosts, key by key. One table may be put together from the variable and the file."""
    variable, table = _variable("hosts") or "", _table("hosts")
    for host, settings in chosen.hosts.items():
        for key in HostSettings.model_fields:
            name, value = f"hosts.{host}.{key}", getattr(settings, key)
            if _at(table, [host, key]) is not None:
                yield Value(name, value, "environment", variable)
            elif _at(values, ["hosts", host, key]) is not None:
                yield Value(name, value, "file", f"{file}:{line_of(text, 'hosts', host, key)}")
            else:
                yield Value(name, value, "default")


def _variable(name: str) -> str | None:
    """The environment variable that sets `name`, as it is spelled there; their names are read in any case."""
    return next((each for each in os.environ if each.upper() == f"TAI_{name}".upper()), None)


def _table(name: str) -> Any:
    """What an environment variable says as JSON, None when it says nothing that can be read."""
    try:
        return json.loads(os.environ[_variable(name) or ""])
    except (KeyError, ValueError):
        return None


def _at(tables: Any, path: list[str]) -> Any:
    for key in path:
        if not isinstance(tables, Mapping) or key not in tables:
            return None
        tables = tables[key]
    return tables


def unknown_variables() -> list[str]:
    """A sentence for each `TAI_…` variable that is no setting. Values are not repeated: one might be a secret."""
    known = {f"TAI_{name}".upper() for name in Settings.model_fields}
    said = []
    for variable in sorted(os.environ):
        if variable.upper().startswith("TAI_") and variable.upper() not in known:
            near = difflib.get_close_matches(variable.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else "tai help config lists the settings"
            said.append(f"environment variable {variable} is no setting and has no effect; {hint}")
    return said
