"""What a command line gave, as one value for all front ends. Not its parsing, which is click's in `tai.cli`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from tai import settings
from tai.errors import InputError
from tai.settings import Settings
from tai.transport.base import Target

SETTINGS = ("engine", "model_url", "model", "budget", "samples", "think", "auto", "anonymize", "plain")
"""The settings that a flag of the same name sets for one run."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given on the command line, by the names of `tai.cli`. None, () and False mean: not given."""

    identity_files: tuple[Path, ...] = ()
    jump: str | None = None
    user: str | None = None
    port: int | None = None
    ignore_ssh_config: bool = False
    config_file: Path | None = None
    engine: str | None = None
    model_url: str | None = None
    model: str | None = None
    budget: int | None = None
    samples: int | None = None
    think: bool = False
    auto: int | None = None
    as_json: bool = False
    verbose: bool = False
    debug: bool = False
    plain: bool = False
    hosts: tuple[str, ...] = ()
    host: str | None = None
    ticket: Path | None = None
    text: str = ""  # the ticket itself, of `tai ask`
    attach: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    collectors: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    no_host: bool = False
    anonymize: bool = False
    show_plan: bool = False
    show_prompt: bool = False
    sosreport: Path | None = None
    session: str | None = None
    outputs: tuple[Path, ...] = ()
    copy: bool = False
    recording: bool = False  # not a flag: the demo plays
    now: datetime | None = (
        None  # not a flag: when the sosreport was made, by which the ticket's times are read
    )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Flags:
        """From click's parameters; those of other commands are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known and value is not None})

    def settings(self) -> Settings:
        """File and environment, with these flags on top."""
        return settings.load(self.config_file, self.for_settings())

    def for_settings(self) -> dict[str, Any]:
        """What these flags say about settings, by name; None where they say nothing."""
        given = {name: getattr(self, name) for name in SETTINGS}
        return {name: None if value is False else value for name, value in given.items()}

    def target(self, host: str) -> Target:
        """`HOST` or `USER@HOST` with the flags of ssh."""
        user, _, name = host.rpartition("@")
        if not name or name.startswith("-"):
            raise InputError(f"{host!r} is not a host name")
        return Target(
            name=name,
            user=self.user or user or None,
            port=self.port,
            identity_files=self.identity_files,
            jump=self.jump,
            use_ssh_config=not self.ignore_ssh_config,
        )
