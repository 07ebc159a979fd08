"""What each tier of test hosts can show, and which one an incident gets. Not a launcher: those are `nspawn` and `qemu`.

This is the one place that says so. An incident names its `needs`; the first tier that can show them all runs it, on the tier's
own variant of the image.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from launcher import Lab, Launcher
from nspawn import NspawnLab
from qemu import QemuLab

from tai.transport.base import Limits

Need = Literal["kernel", "memory-limit", "clock", "io-error", "network"]


class CannotShowError(Exception):
    """No tier can show this incident here, with the reason in words. Caught by whoever goes through several."""


@dataclass(frozen=True, slots=True)
class Tier:
    """launch: makes the launcher of a lab. shows: of what an incident can need, what this tier has.

    variant: what the names of its images' recipes end with. needs_root; tools: the programs that it starts. at_once: commands
    that a host of its bears at a time without any of them running into its time limit.
    """

    name: str
    launch: Callable[[Lab], Launcher]
    shows: frozenset[Need]
    variant: str
    needs_root: bool
    tools: tuple[str, ...]
    at_once: int

    def recipe(self, image: str) -> str:
        """This tier's variant of a recipe."""
        return image if image.endswith(self.variant) else f"{image}{self.variant}"

    def lacks(self, needs: Collection[Need]) -> str:
        """Why it cannot show that, or cannot run here; '' when it can."""
        if missing := [need for need in needs if need not in self.shows]:
            return f"{self.name} cannot show {', '.join(missing)}"
        if self.needs_root and os.geteuid() != 0:
            return f"{self.name} needs root"
        if missing_tools := [tool for tool in self.tools if shutil.which(tool) is None]:
            return f"{self.name} needs {', '.join(missing_tools)}, not installed"
        return ""


# A container has the machine's kernel, memory and clock, so of these it has only networks, with jump hosts between them.
NSPAWN = Tier(
    "systemd-nspawn",
    NspawnLab,
    frozenset({"network"}),
    variant="",
    needs_root=True,
    tools=("systemd-nspawn", "unshare", "ip"),
    at_once=Limits().channels,
)
# A machine has all that is its own; a network with others it has not.
QEMU = Tier(
    "QEMU",
    QemuLab,
    frozenset({"kernel", "memory-limit", "clock", "io-error"}),
    variant="-vm",
    needs_root=False,
    tools=("qemu-system-x86_64", "qemu-img", "zstd", "debugfs", "mkfs.ext4", "setpriv", "ssh-keygen"),
    at_once=2,  # of an emulated processor
)
TIERS = (NSPAWN, QEMU)


def tier_for(needs: Collection[Need], among: Sequence[Tier] = TIERS) -> Tier:
    """The first that can show all of it. Raises CannotShowError with what each one lacks."""
    lacking = []
    for tier in among:
        if not (reason := tier.lacks(needs)):
            return tier
        lacking.append(reason)
    raise CannotShowError("; ".join(lacking))
