"""Labs by QEMU: each host a machine with its own kernel, which goes on from where it was saved. Needs no root.

So it can show what a container cannot: the kernel's own faults and messages, memory that runs out, a wrong clock, disks that
fail. The image must have a kernel (the recipes NAME-vm), and building images needs root. Hosts behind a jump host are for
nspawn: here each machine has a closed network to itself. Two machines at a time are enough for two cores.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from frozen import Frozen, await_ssh, frozen, journal_sector, reached
from launcher import HostSpec, Lab, LabHost, Launcher
from machine import Disk, Machine, overlay

_FIRST_S = 90.0  # 4 s were measured


class QemuLab(Launcher):
    """A lab of machines. Raises ValueError for a lab with a jump host."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        behind = [spec.name for spec in lab.hosts if spec.jump]
        if behind:
            raise ValueError(
                f"{', '.join(behind)}: QEMU runs no hosts behind a jump host; systemd-nspawn does"
            )
        self._id = f"tai-{secrets.token_hex(4)}"
        self._undo = contextlib.ExitStack()

    def up(self) -> Mapping[str, LabHost]:
        folder = Path(tempfile.mkdtemp(prefix=f"{self._id}-"))
        self._undo.callback(shutil.rmtree, folder)
        return {spec.name: self._start(spec, folder / spec.name) for spec in self.lab.hosts}

    def down(self) -> None:
        self._undo.close()

    def _start(self, spec: HostSpec, folder: Path) -> LabHost:
        folder.mkdir()
        saved = frozen(spec)
        console = folder / "console.log"
        runs = Machine(saved.plan(_disks(spec, saved, folder)), console, saved=saved.memory)
        self._undo.callback(runs.stop)
        runs.go_on()
        for name in ("user_key", "user_key.pub", "host_key.pub"):
            shutil.copy(saved.folder / name, folder / name)
        host = reached(spec.name, runs.port, folder)
        # Its clocks stand where it was saved.
        set_clock = f"date --set=@{time.time():.0f} >/dev/null && hwclock --systohc"
        await_ssh(host, runs, console, command=set_clock, limit_s=_FIRST_S)
        return host


def _disks(spec: HostSpec, saved: Frozen, folder: Path) -> list[Disk]:
    """Disks of its own over those that were saved, with what is wrong with each."""
    disks = []
    for number, base in enumerate(saved.disks):
        file = folder / f"disk{number}.qcow2"
        overlay(base, file)
        volume = spec.volumes[number - 1] if number else None
        failing: tuple[int, ...] = ()
        if volume and volume.journal_fails_at is not None:
            failing = (journal_sector(base, volume.journal_fails_at),)
        disks.append(Disk(file, "qcow2", volume.bad_reads if volume else (), failing))
    return disks


if __name__ == "__main__":
    import image

    begun = time.monotonic()
    with QemuLab(Lab("one", (HostSpec(sys.argv[1], image.build(sys.argv[2])),))) as up:
        print(f"first command after {time.monotonic() - begun:.1f} s", file=sys.stderr)
        print(up[sys.argv[1]].ssh("uptime; uname -r; systemctl is-system-running; timedatectl"))
