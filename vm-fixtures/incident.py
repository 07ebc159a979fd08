"""What an incident folder holds: the fault, the ticket, and the truth that an answer is judged by.

    incidents/NAME/incident.toml   the truth (the fields below)
    incidents/NAME/setup.sh        makes the healthy host; root, over ssh
    incidents/NAME/break.sh        makes the fault; prints when it began to show, as `2026-01-31 08:15` in UTC
    incidents/NAME/check.sh        ends with 0 when the fault is really there
    incidents/NAME/ticket.md       what the on-call engineer writes: symptoms only; $host and $since are filled in
    incidents/NAME/recording/      what `record.py NAME` made of it

Not a judge: comparing an answer with the truth is for whoever asks.
"""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from launcher import Volume
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "incidents"
SCRIPTS = ("setup.sh", "break.sh", "check.sh")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _pattern(text: str) -> str:
    re.compile(text)
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Need = Literal["kernel", "memory-limit", "clock", "network"]


class Machine(_Table):
    """The host. image: a recipe in images/; packages: more than the recipe has; needs: what the launcher must be able to."""

    name: str
    image: str
    packages: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    needs: tuple[Need, ...] = ()


class Incident(_Table):
    """The truth. outcome: what a right answer says; cause: the whole of it, in words.

    keywords: what a right cause names. proving: patterns, each of which a line of the evidence must match, for the
    cause to be proved. forbidden: words of wrong causes. also: command lines that a person might try next; they are
    recorded too.
    """

    title: str
    category: Literal[
        "services", "network", "disk", "memory", "kernel", "dns", "tls", "time", "authentication", "healthy"
    ]
    outcome: Literal["root_cause", "healthy", "inconclusive"]
    cause: str
    keywords: Annotated[tuple[str, ...], Field(min_length=1)]
    proving: tuple[Pattern, ...]
    forbidden: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    host: Machine


def load(name: str) -> Incident:
    """Read one incident's truth. Raises FileNotFoundError, and ValueError with the key that is wrong."""
    with (FOLDER / name / "incident.toml").open("rb") as file:
        return Incident.model_validate(tomllib.load(file))


def ticket(name: str, *, host: str, since: str) -> str:
    """The ticket for one run. since: `2026-01-31 08:15`, UTC."""
    return string.Template((FOLDER / name / "ticket.md").read_text()).substitute(host=host, since=since)


def check(name: str) -> Incident:
    """Read one incident and see that its folder is whole. Raises ValueError and FileNotFoundError."""
    truth = load(name)
    for script in SCRIPTS:
        (FOLDER / name / script).stat()
    ticket(name, host=truth.host.name, since="2026-01-31 08:15")
    return truth


if __name__ == "__main__":
    for folder in sorted(FOLDER.iterdir()):
        print(f"{folder.name}: {check(folder.name).title}")
