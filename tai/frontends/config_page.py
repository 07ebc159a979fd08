"""The reference of all settings as a page for people: `python -m tai.frontends.config_page > docs/config.md`.

Generated from `tai.settings`, so that it cannot say anything else; a test compares the page with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from platformdirs import PlatformDirs
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tai.frontends.config import spelled
from tai.frontends.flags import SETTINGS
from tai.settings import HostSettings, Settings

_DIRS = PlatformDirs("tai", appauthor=False)
# The page must not depend on the home and the XDG variables of whoever makes it.
_HOMES = {_DIRS.user_state_path: Path("~/.local/state/tai"), _DIRS.user_config_path: Path("~/.config/tai")}

_EXAMPLE = """\
model_url = "http://127.0.0.1:8000/v1"
budget = 12000
connect_timeout = 20
model_allow = ["gpu-1.example.com"]

[hosts."db-*"]
sudo = true
"""


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines()) + "\n"


def rows() -> list[tuple[str, str]]:
    """Each setting's variable and its meaning, as text for a man page."""
    return [
        (f"TAI_{name.upper()}", (field.description or "").replace("`", ""))
        for name, field in Settings.model_fields.items()
    ]


def _lines() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "Generated from `tai/settings.py` by `python -m tai.frontends.config_page`; do not edit."
    yield ""
    yield "No setting is needed to begin. Each has one name in three places, of rising strength: the config file"
    yield "`~/.config/tai/config.toml` (TOML), the environment (`TAI_BUDGET=12000`), and, where the last column names one, a flag."
    yield "`tai config show` prints every value with the place it came from; `tai config path` prints the file's name; `--config FILE`"
    yield "takes another one. A list or table in the environment is JSON: `TAI_MODEL_ALLOW='[\"gpu-1.example.com\"]'`."
    yield ""
    yield "A key that is not on this page is an error that names the file, the line and the nearest name; a `TAI_…` variable that is"
    yield "none of these is said on standard error. No setting widens what may run on a host or turns the read-only policy off."
    yield ""
    yield "```toml"
    yield from _EXAMPLE.splitlines()
    yield "```"
    yield ""
    yield "Times are in seconds, sizes in bytes, budgets in tokens."
    yield ""
    yield "| setting | what it takes | default | meaning | variable, flag |"
    yield "|---|---|---|---|---|"
    for name, field in Settings.model_fields.items():
        places = f"`TAI_{name.upper()}`"
        if name in SETTINGS:
            places += f", `--{name.replace('_', '-')}`"
        yield f"| `{name}` | {_takes(field)} | {_default(field)} | {_cell(field.description or '')} | {places} |"
    yield ""
    yield "## Single hosts"
    yield ""
    yield 'A table `[hosts."NAME"]` holds for the host that you call NAME. The name may hold `*`; a table with the exact name comes first,'
    yield "then the first that fits."
    yield ""
    yield "| key | what it takes | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in HostSettings.model_fields.items():
        yield f"| `{name}` | {_takes(field)} | {_default(field)} | {_cell(field.description or '')} |"


def _takes(field: FieldInfo) -> str:
    """A field's type and bounds in words."""
    return ", ".join([_kind(field.annotation), *_bounds(field.metadata)])


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'`"{each}"`' for each in inner)
    if origin is tuple:
        return "list of strings"
    if origin in (dict, Mapping):
        return "tables"
    if origin is UnionType:
        return " or ".join(_kind(each) for each in inner if each is not NoneType)
    names = {bool: "`true` or `false`", int: "whole number", float: "number", str: "string", Path: "path"}
    names[SecretStr] = "string"
    return names[annotation]


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for each in metadata:
        match each:
            case Ge():
                yield f"{each.ge} or more"
            case Gt():
                yield f"more than {each.gt:g}" if isinstance(each.gt, float | int) else ""
            case Le():
                yield f"{each.le} or less"
            case Lt():
                yield f"less than {each.lt}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Path):
        for here, home in _HOMES.items():
            if value.is_relative_to(here):
                value = home / value.relative_to(here)
    said = spelled(value)
    return f"`{said}`" if said not in ("", '""') else "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
