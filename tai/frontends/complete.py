"""What Tab offers behind `tai …` in a shell: hosts, collectors and probes, topics. click asks, and writes the shell's side.

Quick before complete: nothing of an investigation is imported, collector files are scanned for their names and not
checked, and no network is used. Anything that goes wrong offers nothing: a shell's prompt is no place for an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_config_path

from tai import resources
from tai.ssh_hosts import ssh_hosts

if TYPE_CHECKING:
    import click

# Top-level `name` and `id` of a probe, as every collector file writes them, and its title behind it.
_NAMES = re.compile(r'(?m)^(?:name|\[\[probe\]\]\nid) = "([\w-]+)"(?:[ \t#].*)?$')


def hosts(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Hosts that ssh knows; those named before on the line are not offered again. `ops@w` completes behind the @."""
    user, at, name = begun.rpartition("@")
    given = context.params.get("hosts") or ()
    return [f"{user}{at}{each}" for each in ssh_hosts() if each.startswith(name) and each not in given]


def collectors(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Collectors and probes, tai's own and those in the usual folder for one's own."""
    return [name for file in _files() for name in _names(file) if name.startswith(begun)]


def collector_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Collectors only, for `tai collectors show`."""
    return [name for file in _files() for name in _names(file)[:1] if name.startswith(begun)]


def hosts_and_collectors(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Behind the first host of `tai collect`, both fit."""
    found = hosts(context, parameter, begun)
    return [*found, *collectors(context, parameter, begun)] if context.params.get("hosts") else found


def topics_and_commands(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """What `tai help` takes; behind a group, its commands."""
    from tai.frontends.topics import topics  # noqa: PLC0415 - only here

    command: click.Command | None = context.find_root().command
    before = context.params.get("words") or ()
    for word in before:
        command = getattr(command, "commands", {}).get(word)
    names = [*(() if before else topics()), *getattr(command, "commands", {})]
    return [name for name in dict.fromkeys(names) if name.startswith(begun)]


def _files() -> list[Path]:
    folders = (resources.folder("collectors"), user_config_path("tai", appauthor=False) / "collectors")
    return [file for folder in folders for file in sorted(folder.glob("*.toml"))]


def _names(file: Path) -> list[str]:
    try:
        return _NAMES.findall(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
