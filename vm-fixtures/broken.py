"""An incident on a real host: set up, broken, seen to be broken; and gone when the block ends.

Undoing is taking the host down: each incident has a copy of its image to itself, which is quicker and surer than mending.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import image
import incident
from image import Image
from incident import Incident
from launcher import HostSpec, Lab, LabHost
from nspawn import NspawnLab

# A container's load is the machine's: above this for each processor the host would look sick, and that is not the incident.
_LOAD = 3.5
_QUIET_S = 120.0
_BASTION = "bastion-01"
_BREAKS_S = 900.0  # filling a disk by visits takes a minute; the rest is for a busy machine


class CannotShowError(Exception):
    """The launcher cannot show this incident, with the reason in words. Caught by whoever goes through several."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A host with its fault. ticket: filled in for this run; built: the image, with the versions in it."""

    truth: Incident
    host: LabHost
    ticket: str
    built: Image


@contextlib.contextmanager
def broken(name: str) -> Iterator[Scene]:
    """Make the host of `incidents/NAME` and its fault. Raises CannotShowError, and RuntimeError when it does not break as meant."""
    truth = incident.load(name)
    if missing := [need for need in truth.host.needs if not _can(need)]:
        raise CannotShowError(
            f"needs {', '.join(missing)}, which systemd-nspawn on this machine cannot give (HOSTS.md: QEMU can)"
        )
    lab, built = _lab(truth)
    with NspawnLab(lab) as hosts:
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
        yield Scene(truth, host, incident.ticket(name, host=truth.host.name, since=since), built)


def _lab(truth: Incident) -> tuple[Lab, Image]:
    """The host alone; or it and its neighbours, behind a bastion. And the host's image."""
    built = image.build(truth.host.image, truth.host.packages)
    jump = _BASTION if truth.neighbours else None
    inner = [HostSpec(truth.host.name, built, truth.host.volumes, jump)]
    inner += [
        HostSpec(each.name, image.build(each.image, each.packages), each.volumes, jump)
        for each in truth.neighbours
    ]
    outer = [HostSpec(_BASTION, image.build(truth.host.image))] if jump else []
    return Lab(truth.host.name, (*outer, *inner)), built


def _can(need: incident.Need) -> bool:
    """A container has the machine's kernel and clock; a memory limit where the machine's controllers are of version 2."""
    return (
        need == "memory-limit"
        and Path("/sys/fs/cgroup/memory.max").parent.joinpath("cgroup.subtree_control").is_file()
    )


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
