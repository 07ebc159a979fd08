"""What an incident folder holds: the fault, the ticket, and the truth that an answer is judged by.

    incidents/NAME/incident.toml   the truth (the fields below)
    setups/NAME.sh, incidents/NAME/setup.sh   make the healthy host; root, over ssh; either, both or none
    incidents/NAME/break.sh        makes the fault; prints when it began to show, as `2026-01-31 08:15` in UTC
    incidents/NAME/check.sh        ends with 0 when the fault is really there
    incidents/NAME/ticket.md       what the on-call engineer writes: symptoms only; $host and $since are filled in
    incidents/NAME/recording/      what `record.py NAME` made of it, packed by `packed.py` where it does not ship

`prelude.sh` is sent in front of each script.

Not a judge: comparing an answer with the truth is for whoever asks.
"""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from launcher import Volume
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from tiers import Need

FOLDER = Path(__file__).parent / "incidents"
PRELUDE = Path(__file__).parent / "prelude.sh"
SETUPS = Path(__file__).parent / "setups"
SCRIPTS = ("break.sh", "check.sh")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _pattern(text: str) -> str:
    re.compile(text)
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Category = Literal[
    "services",
    "network",
    "firewall",
    "disk",
    "filesystem",
    "memory",
    "processes",
    "kernel",
    "dns",
    "tls",
    "time",
    "authentication",
    "packages",
    "scheduled-jobs",
    "logging",
    "web",
    "database",
    "mail",
    "healthy",
]


class Machine(_Table):
    """The host. image: a recipe in images/; packages: more than the recipe has; needs: what the tier must be able to show (`tiers.py`).

    setup: a script of setups/ that makes it what it is, before the incident's own setup.sh.
    """

    name: str
    image: str
    packages: tuple[str, ...] = ()
    setup: str = ""
    volumes: tuple[Volume, ...] = ()
    needs: tuple[Need, ...] = ()


class Incident(_Table):
    """The truth. outcome: what a right answer says; cause: the whole of it, in words.

    named: what the sentence that tells a right cause must match. keywords: what a right answer says. proving: patterns, each of which a line of the evidence must match, for the
    cause to be proved. forbidden: words of wrong causes. also: command lines that a person might try next; they are
    recorded too. neighbours: hosts beside it; all of them are then behind a bastion. broken: the one that break.sh is for, ''
    for the host itself; setup-NAME.sh sets a neighbour up. A host on which nothing is wrong has neither keywords nor proving lines.
    """

    title: str
    category: Category
    outcome: Literal["root_cause", "healthy", "inconclusive"]
    cause: str
    named: Pattern = ""
    keywords: tuple[str, ...] = ()
    proving: tuple[Pattern, ...] = ()
    forbidden: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    host: Machine
    neighbours: tuple[Machine, ...] = ()
    broken: str = ""

    @model_validator(mode="after")
    def _has_what_proves_it(self) -> Incident:
        if (self.outcome == "root_cause") != bool(self.named and self.keywords and self.proving):
            raise ValueError(
                "a root cause needs `named`, keywords and proving lines, and nothing else has them"
            )
        return self


def names() -> list[str]:
    """Every incident, in order."""
    return sorted(folder.name for folder in FOLDER.iterdir())


def scripts(name: str, step: Literal["setup", "break", "check"], neighbour: Machine | None = None) -> str:
    """What a host's shell is to be sent for a step, '' when there is nothing. neighbour: None for the host itself."""
    machine = neighbour or load(name).host
    own = FOLDER / name / (f"{step}-{neighbour.name}.sh" if neighbour else f"{step}.sh")
    shared = SETUPS / f"{machine.setup}.sh"
    wanted = [path for path in ((shared, own) if step == "setup" else (own,)) if path.is_file()]
    return "\n".join([PRELUDE.read_text(), *(path.read_text() for path in wanted)]) if wanted else ""


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
    if truth.host.setup:
        (SETUPS / f"{truth.host.setup}.sh").stat()
    ticket(name, host=truth.host.name, since="2026-01-31 08:15")
    return truth


if __name__ == "__main__":
    for folder in sorted(FOLDER.iterdir()):
        print(f"{folder.name}: {check(folder.name).title}")
