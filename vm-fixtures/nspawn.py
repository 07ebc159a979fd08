"""Test hosts by systemd-nspawn: a container with its own systemd, started as a machine boots. Needs root.

It shares the outer kernel, so it cannot show kernel faults (no dmesg, the machine's own load and memory). Everything
else is its own: mount, PID, IPC, UTS and network namespaces, cgroup, disk image, keys, machine id.

The network is two namespaces with a cable between: the host's, and the one that its clients are in. Nothing is
routed and the machine's own namespace is not touched; a forwarder (`forward.py`) carries 127.0.0.1:PORT to the client
side. The recipe and its traps are those that HOSTS.md measured.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from launcher import HostSpec, LabHost, Launcher

_HERE = Path(__file__).parent
_CLIENT, _HOST, _PREFIX = "10.20.0.1", "10.20.0.11", 24
_BOOT_S = 60.0  # 1.3 to 2.1 s were measured; the rest is for a machine that is busy with other things
_STOP_S = 20.0


class NspawnHost(Launcher):
    """One container. Several can be up at a time, in one process or many."""

    def __init__(self, spec: HostSpec) -> None:
        self.spec = spec
        self._id = f"tai-{secrets.token_hex(4)}"
        self._undo = contextlib.ExitStack()

    def up(self) -> LabHost:
        folder = Path(tempfile.mkdtemp(prefix=f"{self._id}-"))
        self._undo.callback(shutil.rmtree, folder)
        self._make_disks(folder)
        key, known_hosts, port = self._make_keys_and_door(folder)
        process = self._boot(folder)
        host = LabHost(self.spec.name, "127.0.0.1", port, "diag", key, known_hosts)
        self._await_boot(host, process, folder)
        return host

    def down(self) -> None:
        self._undo.close()

    def _make_disks(self, folder: Path) -> None:
        image = self.spec.image.root
        _run("cp", "--sparse=always", "--reflink=auto", str(image), str(folder / "root.img"))
        for number, volume in enumerate(self.spec.volumes):
            disk = str(folder / f"volume{number}.img")
            _run("truncate", "-s", f"{volume.size_mb}M", disk)
            # The usual 5 % stay reserved for root, as on most servers: it is why journald still writes on a full disk.
            _run("mkfs.ext4", "-q", "-F", disk)

    def _make_keys_and_door(self, folder: Path) -> tuple[Path, Path, int]:
        """A key pair for the engineer, one for the host, and the port by which the outside gets in."""
        for name in ("user_key", "host_key"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
        outside, inside = f"{self._id}-client", self._id
        for namespace in (outside, inside):
            _ip(f"netns add {namespace}")
            self._undo.callback(_ip, f"netns delete {namespace}")
            _ip(f"-n {namespace} link set lo up")
        _ip(f"-n {outside} link add cable type veth peer name eth0 netns {inside}")
        for namespace, device, address in ((outside, "cable", _CLIENT), (inside, "eth0", _HOST)):
            _ip(f"-n {namespace} address add {address}/{_PREFIX} dev {device}")
            _ip(f"-n {namespace} link set {device} up")
        _ip(f"-n {inside} route add default via {_CLIENT}")
        with socket.create_server(("127.0.0.1", 0)) as door:
            port: int = door.getsockname()[1]
            forward = [sys.executable, str(_HERE / "forward.py"), str(door.fileno()), _HOST, "22"]
            forwarder = subprocess.Popen(
                ["ip", "netns", "exec", outside, *forward], pass_fds=(door.fileno(),)
            )
        self._undo.callback(forwarder.wait)
        self._undo.callback(forwarder.terminate)
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
        return folder / "user_key", known_hosts, port

    def _boot(self, folder: Path) -> subprocess.Popen[bytes]:
        cgroup = _cgroup2() / self._id
        cgroup.mkdir()
        self._undo.callback(_remove_cgroup, cgroup)
        boot = ["sh", str(_HERE / "nspawn-boot.sh"), str(folder), self.spec.name, self._id]
        boot += [volume.mount for volume in self.spec.volumes]
        with (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", *boot],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        self._undo.callback(_stop, process, cgroup)
        return process

    def _await_boot(self, host: LabHost, process: subprocess.Popen[bytes], folder: Path) -> None:
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
            time.sleep(0.2)
        console = (folder / "console.log").read_text(errors="replace")
        raise RuntimeError(f"{self.spec.name} did not come up; its console:\n{console[-2000:]}")


def _stop(process: subprocess.Popen[bytes], cgroup: Path) -> None:
    """An orderly shutdown first, as a machine gets by its power button; then whatever is left is killed."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        (cgroup / "cgroup.kill").write_text("1")
        process.wait()


def _cgroup2() -> Path:
    """Where the machine has mounted the second version of control groups: alone, or beside the first."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("systemd-nspawn needs control groups version 2, and this machine has not mounted them")


def _remove_cgroup(cgroup: Path) -> None:
    for folder, _, _ in os.walk(cgroup, topdown=False):
        Path(folder).rmdir()


def _ip(words: str) -> None:
    _run("ip", *words.split())


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)
