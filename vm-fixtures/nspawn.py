"""Labs by systemd-nspawn: each host a container with its own systemd, started as a machine boots. Needs root.

It shares the outer kernel, so it cannot show kernel faults (no dmesg, the machine's own load and memory). Everything
else is its own: mount, PID, IPC, UTS and network namespaces, cgroup, disk image, keys, machine id.

The network is that of `wiring`; a forwarder (`forward.py`) carries a port of 127.0.0.1 to each host that needs no jump.
The recipe and its traps are those that HOSTS.md measured.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launcher import HostSpec, Lab, LabHost, Launcher, make_key, public_half, write_access
from wiring import Wiring, hosts_file

_HERE = Path(__file__).parent
_BOOT_S = 90.0  # 1.3 to 2.1 s were measured for one; the rest is for many at once on a busy machine
_STOP_S = 20.0
_WATCHED_AT_ONCE = 4  # each look at a booting host is a login, which takes from what it boots with


class NspawnLab(Launcher):
    """A lab of containers. Several can be up at a time, in one process or many.

    wiring: its network, while it is up.
    """

    wiring: Wiring

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self._id = f"tai-{secrets.token_hex(4)}"
        self._undo = contextlib.ExitStack()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def up(self) -> Mapping[str, LabHost]:
        folder = Path(tempfile.mkdtemp(prefix=f"{self._id}-"))
        self._undo.callback(shutil.rmtree, folder)
        folder.chmod(
            0o711
        )  # an ordinary user inside a container must be able to cross it on the way to its root
        self.wiring = wiring = Wiring(self.lab, folder / "netns", self._undo)
        make_key(folder / "user_key")
        for spec in self.lab.hosts:
            _furnish(spec, folder, wiring)
        hosts = self._reach(folder, wiring)
        for number, spec in enumerate(self.lab.hosts):
            self._boot(spec, folder / spec.name, f"{self._id}-{number}", wiring)
        with ThreadPoolExecutor(_WATCHED_AT_ONCE) as watchers:
            list(watchers.map(lambda host: self._await_boot(host, folder / host.name), hosts.values()))
        return hosts

    def down(self) -> None:
        for process in self._running.values():
            process.terminate()  # all at once, then each is waited for
        self._undo.close()
        self._running.clear()

    def init_of(self, name: str) -> int:
        """The outer number of the process that is number 1 of a running host. For looking at it from outside."""
        outer = self._running[name].pid
        for child in Path(f"/proc/{outer}/task/{outer}/children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            if next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == "1":
                return int(child)
        raise RuntimeError(f"{name} does not run")

    def _reach(self, folder: Path, wiring: Wiring) -> dict[str, LabHost]:
        """A door for each host that needs no jump, one process behind them all, and the client's files."""
        hosts: dict[str, LabHost] = {}
        words, doors = [], []
        with contextlib.ExitStack() as ours:
            for spec in self.lab.hosts:
                address, port = wiring.places[spec.name].address, 22
                if spec.jump is None:
                    door = ours.enter_context(socket.create_server(("127.0.0.1", 0)))
                    doors.append(door.fileno())
                    words.append(f"{door.fileno()}={address}:22")
                    address, port = "127.0.0.1", door.getsockname()[1]
                hosts[spec.name] = LabHost(
                    spec.name,
                    address,
                    port,
                    "diag",
                    folder / "user_key",
                    folder / "known_hosts",
                    folder / "ssh_config",
                    hosts[spec.jump] if spec.jump else None,
                )
            forwarder = subprocess.Popen(
                ["nsenter", f"--net={wiring.client}", sys.executable, str(_HERE / "forward.py"), *words],
                pass_fds=doors,
                start_new_session=True,  # Ctrl-C is for us; it ends when the lab is taken down
            )
        self._undo.callback(forwarder.wait)
        self._undo.callback(forwarder.terminate)
        write_access(hosts, {name: public_half(folder / name / "host_key") for name in hosts})
        return hosts

    def _boot(self, spec: HostSpec, folder: Path, machine: str, wiring: Wiring) -> None:
        cgroup = cgroup2() / machine
        cgroup.mkdir()
        self._undo.callback(_remove_cgroup, cgroup)
        self._undo.callback(_await_no_loop, folder)
        boot = ["sh", str(_HERE / "nspawn-boot.sh"), str(folder), spec.name, machine]
        boot += [str(wiring.of(spec.name)), *(volume.mount for volume in spec.volumes)]
        with (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", *boot],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[spec.name] = process
        self._undo.callback(_stop, process, cgroup)

    def _await_boot(self, host: LabHost, folder: Path) -> None:
        process = self._running[host.name]
        deadline = time.monotonic() + _BOOT_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                # `degraded` ends with 1 and is up all the same: the host may be meant to have a failed unit.
                host.ssh("systemctl is-system-running --wait || :", timeout_s=_BOOT_S)
                # nspawn mounts a file of the outer machine here, and so its disk would stand in the host's df.
                host.ssh(
                    "awk '$2 ~ \"^/run/host\" { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount"
                )
                return
            time.sleep(0.3)
        console = (folder / "console.log").read_text(errors="replace")
        raise RuntimeError(f"{host.name} did not come up; its console:\n{console[-2000:]}")


class NspawnHost(contextlib.AbstractContextManager[LabHost]):
    """One host by itself: a lab of one. As a context manager it is up inside the block."""

    def __init__(self, spec: HostSpec) -> None:
        self._lab = NspawnLab(Lab(spec.name, (spec,)))

    def __enter__(self) -> LabHost:
        (host,) = self._lab.__enter__().values()
        return host

    def __exit__(self, *raised: object) -> None:
        self._lab.down()


def _furnish(spec: HostSpec, lab: Path, wiring: Wiring) -> None:
    """What a host boots from, in a folder of its own: disks, keys, and what it knows about its network."""
    folder = lab / spec.name
    folder.mkdir()
    _run("cp", "--sparse=always", "--reflink=auto", str(spec.image.root), str(folder / "root.img"))
    for number, volume in enumerate(spec.volumes):
        disk = str(folder / f"volume{number}.img")
        _run("truncate", "-s", f"{volume.size_mb}M", disk)
        # The usual 5 % stay reserved for root, as on most servers: it is why journald still writes on a full disk.
        _run("mkfs.ext4", "-q", "-F", disk)
    make_key(folder / "host_key")
    shutil.copy(lab / "user_key.pub", folder / "authorized_keys")
    (folder / "hosts").write_text(hosts_file(spec.name, wiring.places))
    (folder / "resolv.conf").write_text(f"nameserver {wiring.places[spec.name].gateway}\n")


def _stop(process: subprocess.Popen[bytes], cgroup: Path) -> None:
    """An orderly shutdown first, as a machine gets by its power button; then whatever is left is killed."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        (cgroup / "cgroup.kill").write_text("1")
        process.wait()


def _await_no_loop(folder: Path) -> None:
    """Wait until the kernel has let go of the disks: it does so by itself, some time after the last process ended."""
    deadline = time.monotonic() + _STOP_S
    for disk in folder.glob("*.img"):
        while subprocess.run(
            ["losetup", "--associated", str(disk)], check=True, capture_output=True, text=True
        ).stdout:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the disk {disk} is still in use")
            time.sleep(0.05)


def cgroup2() -> Path:
    """Where the machine has mounted the second version of control groups: alone, or beside the first."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("systemd-nspawn needs control groups version 2, and this machine has not mounted them")


def _remove_cgroup(cgroup: Path) -> None:
    """Take the groups away, deepest first. The kernel calls one busy until its last process has been reaped."""
    (cgroup / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + _STOP_S
    for folder, _, _ in os.walk(cgroup, topdown=False):
        while True:
            try:
                Path(folder).rmdir()
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)
