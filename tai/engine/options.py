"""How one run is done, as plain values. Not the settings: a front end makes these from settings and flags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tai.model import Window


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds of one run on one host. run_timeout_s: for all commands together; max_bytes: of standard output in all."""

    run_timeout_s: float = 120.0
    max_bytes: int = 64 * 2**20
    max_commands: int = 100


def nowhere(host: str) -> bool:
    """Sudo is off for every host."""
    del host
    return False


@dataclass(frozen=True, slots=True)
class Options:
    """budget: tokens of evidence in a prompt; answer_tokens: most that a model may write; samples: answers that a model is asked
    for at once; auto: rounds of proposed checks that may follow a first diagnosis without anybody asking. think: it may think
    before it answers.

    collectors: those to keep to, () for all; window: in place of the ticket's; offline: connect to nothing.
    paths: what to list and read below, at most path_files files of each; absolute, the user's own words count as consent.
    sudo: whether the user's config allows it on the host of this name.
    """

    budget: int = 8000
    answer_tokens: int = 3000
    samples: int = 1
    think: bool = False
    auto: int = 0
    caps: Caps = field(default_factory=Caps)
    collectors: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    paths: tuple[str, ...] = ()
    path_files: int = 8
    sudo: Callable[[str], bool] = nowhere
    offline: bool = False
