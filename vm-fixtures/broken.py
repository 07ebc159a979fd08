"""An incident on a real host: set up, broken, seen to be broken; and gone when the block ends.

Undoing is taking the host down: each incident has a copy of its image to itself, which is quicker and surer than mending.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import image
import incident
from image import Image
from incident import Incident
from launcher import HostSpec, Lab, LabHost
from tiers import TIERS, Need, Tier, tier_for

# A container's load is the machine's: above this for each processor the host would look sick, and that is not the incident.
_LOAD = 3.5
_QUIET_S = 120.0
_BASTION = "bastion-01"
_BREAKS_S = 900.0  # filling a disk by visits takes a minute; the rest is for a busy machine


@dataclass(frozen=True, slots=True)
class Scene:
    """A host with its fault. ticket: filled in for this run; built: the image, with the versions in it; tier: what runs it."""

    truth: Incident
    host: LabHost
    ticket: str
    built: Image
    tier: Tier


@contextlib.contextmanager
def broken(name: str, among: Sequence[Tier] = TIERS) -> Iterator[Scene]:
    """Make the host of `incidents/NAME` and its fault, on the first tier among these that can show it.

    Raises CannotShowError, and RuntimeError when it does not break as meant.
    """
    truth = incident.load(name)
    needs: set[Need] = {*truth.host.needs, *(("network",) if truth.neighbours else ())}
    tier = tier_for(needs, among)
    lab, built = _lab(truth, tier)
    with tier.launch(lab) as hosts:
        for machine in truth.neighbours:
            if setup := incident.scripts(name, "setup", machine):
                hosts[machine.name].script(setup)
        host = hosts[truth.host.name]
        if setup := incident.scripts(name, "setup"):
            host.script(setup)
        at = hosts[truth.broken or truth.host.name]
        since = at.script(incident.scripts(name, "break"), timeout_s=_BREAKS_S).strip()
        host.script(incident.scripts(name, "check"))
        if truth.outcome == "healthy":
            _await_quiet()
        yield Scene(truth, host, incident.ticket(name, host=truth.host.name, since=since), built, tier)


def _lab(truth: Incident, tier: Tier) -> tuple[Lab, Image]:
    """The host alone; or it and its neighbours, behind a bastion. And the host's image."""
    built = image.build(tier.recipe(truth.host.image), truth.host.packages)
    jump = _BASTION if truth.neighbours else None
    inner = [HostSpec(truth.host.name, built, truth.host.volumes, jump)]
    inner += [
        HostSpec(each.name, image.build(tier.recipe(each.image), each.packages), each.volumes, jump)
        for each in truth.neighbours
    ]
    outer = [HostSpec(_BASTION, image.build(tier.recipe(truth.host.image)))] if jump else []
    return Lab(truth.host.name, (*outer, *inner)), built


def _await_quiet() -> None:
    """Wait for other work on the machine to calm down; with a word when it does not."""
    enough = _LOAD * (os.cpu_count() or 1)
    deadline = time.monotonic() + _QUIET_S
    while os.getloadavg()[0] >= enough:
        if time.monotonic() > deadline:
            print(
                f"the machine is busy (load {os.getloadavg()[0]:.1f}): the host will show it", file=sys.stderr
            )
            return
        time.sleep(1)
