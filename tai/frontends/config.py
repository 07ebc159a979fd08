"""`tai config show` and `tai config path`: every setting as it holds, and where it came from.

Reading the settings is `tai.settings`; the reference of all settings is `tai.frontends.config_page`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from pydantic import SecretStr

from tai.errors import EXIT_OK
from tai.frontends.flags import Flags
from tai.frontends.rows import Rows
from tai.settings import Value, default_config_path, values_of

_MASKED = "********"
# The password in `scheme://user:password@host`; tai refuses such a model_url, and it must not be shown on the way.
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")


def show(flags: Flags, *, as_json: bool) -> int:
    """Print each setting with its value and origin; as_json: one object, by setting. Raises ConfigError as every command."""
    chosen = flags.settings()
    values = values_of(chosen, flags.config_file, flags.for_settings())
    if as_json:
        told = {
            each.name: {"value": _plain(each.value), "source": each.source, "where": each.where}
            for each in values
        }
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return EXIT_OK
    table = Rows("setting", "value", "from")
    for each in values:
        table.add_row(each.name, spelled(each.value), _origin(each))
    table.show()
    return EXIT_OK


def path(flags: Flags) -> int:
    """Print which config file is read, whether it exists or not: `$EDITOR "$(tai config path)"`."""
    sys.stdout.write(f"{flags.config_file or default_config_path()}\n")
    return EXIT_OK


def spelled(value: object) -> str:
    """A value as the config file would have it; secrets masked; '' for nothing, which TOML cannot say."""
    plain = _plain(value)
    return "" if plain is None else json.dumps(plain, ensure_ascii=False)


def _origin(value: Value) -> str:
    match value.source:
        case "default":
            return "default"
        case "environment":
            return f"environment {value.where}"
        case "file" | "flag":
            return value.where


def _plain(value: object) -> object:
    """What JSON and TOML know, without secrets."""
    match value:
        case SecretStr():
            return _MASKED if value.get_secret_value() else ""
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case tuple() | list():
            return [_plain(each) for each in value]
        case Path():
            return str(value)
        case str():
            return _PASSWORD.sub(f"{_MASKED}@", value)
        case _:
            return value
