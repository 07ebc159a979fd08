"""Machines that were booted once and saved, to go on from there in seconds. Not a launcher: it lets none of them run on.

One lies in $XDG_CACHE_HOME/tai/machines/DIGEST/, named by all that it depends on: kernel, initrd, disks and memory as they
were when it had just booted, and the keys by which it is reached, which are its own and new with each. No root is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
from launcher import HostSpec, LabHost, make_key, public_half, write_access
from machine import Accelerator, Disk, Machine, Plan

_FORMAT = 2  # to be raised when a machine is booted or saved in another way
_BOOT_S = 420.0  # 16 to 22 s were measured; the rest is for a busy machine
_LOOK_S = 1.0
_SSHD_S = 30  # an emulated processor on a busy machine starts an sshd in ten


@dataclass(frozen=True, slots=True)
class Frozen:
    """A machine's folder: `kernel`, `initrd`, `memory.zst`, `user_key`, `host_key.pub`, and its disks.

    disks: raw, never to be changed, /dev/vda first.
    """

    folder: Path
    disks: tuple[Path, ...]
    accelerator: Accelerator

    @property
    def memory(self) -> Path:
        """Its memory and devices, packed by zstd."""
        return self.folder / "memory.zst"

    def plan(self, disks: Sequence[Disk]) -> Plan:
        """What a machine with these disks is made of: one that boots, or that goes on from here."""
        return Plan(self.folder / "kernel", self.folder / "initrd", tuple(disks), self.accelerator)


def frozen(spec: HostSpec) -> Frozen:
    """The saved machine of a host; booted and saved when it is not there yet.

    Raises RuntimeError when the image has no kernel, or when the machine does not come up, with its console.
    """
    with _locked(_digest(spec)) as folder:
        if not (folder / "memory.zst").exists():
            print(f"{spec.name}: booting once, to save it", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="booting-") as scratch:
                _boot_and_save(spec, Path(scratch))
                Path(scratch).rename(folder)  # whole or not at all
    accelerated: Accelerator = "kvm" if (folder / "accelerator").read_text() == "kvm" else "tcg"
    return Frozen(folder, _disks(spec, folder), accelerated)


def reached(name: str, port: int, folder: Path) -> LabHost:
    """How a machine is reached whose keys lie in the folder; the client's files are written into it."""
    host = LabHost(
        name,
        "127.0.0.1",
        port,
        "diag",
        folder / "user_key",
        folder / "known_hosts",
        folder / "ssh_config",
    )
    write_access({name: host}, {name: public_half(folder / "host_key")}, connect_timeout_s=_SSHD_S)
    return host


def await_ssh(host: LabHost, runs: Machine, console: Path, *, command: str, limit_s: float) -> None:
    """Try a command until sshd answers. Raises RuntimeError with the end of the console when it never does."""
    deadline = time.monotonic() + limit_s
    said = ""
    while time.monotonic() < deadline and runs.runs:
        try:
            host.ssh(command, timeout_s=limit_s)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            said = str(error)
            time.sleep(_LOOK_S)
        else:
            return
    text = console.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{host.name} did not come up: {said}; its console:\n{text}")


def _digest(spec: HostSpec) -> str:
    """Of all that a saved machine depends on. The image's folder is itself named by a digest."""
    parts = [
        _FORMAT,
        spec.name,
        spec.image.root.parent.name,
        [(volume.mount, volume.size_mb) for volume in spec.volumes],  # what fails on them fails only later
        machine.version(),
        machine.MEMORY_MB,
        machine.processor_with_kvm(),
    ]
    return f"{spec.name}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


@contextlib.contextmanager
def _locked(name: str) -> Iterator[Path]:
    """The folder of a saved machine, for one at a time to look at and to fill."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tai" / "machines"
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)  # the keys of hosts lie in it
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache / name


def _boot_and_save(spec: HostSpec, folder: Path) -> None:
    _kernel_of(spec, folder)
    accelerated = machine.accelerator(folder / "kernel")
    (folder / "accelerator").write_text(accelerated)
    saved = Frozen(folder, _disks(spec, folder), accelerated)
    root, *volumes = saved.disks
    _run("cp", "--sparse=always", "--reflink=auto", str(spec.image.root), str(root))
    make_key(folder / "user_key")
    make_key(folder / "host_key")
    _introduce(spec.name, root, folder)
    for volume, disk in zip(spec.volumes, volumes, strict=True):
        _run("truncate", "-s", f"{volume.size_mb}M", str(disk))
        _run("mkfs.ext4", "-q", "-F", str(disk))
    console = folder / "console.log"
    runs = Machine(saved.plan([Disk(disk) for disk in saved.disks]), console)
    try:
        host = reached(spec.name, runs.port, folder)
        # `degraded` ends with 1 and is up all the same.
        booted = "systemctl is-system-running --wait || :"
        await_ssh(host, runs, console, command=booted, limit_s=_BOOT_S)
        if spec.volumes:
            _move_in(spec, host)
            # What had files open where a volume is now begins anew.
            was = host.ssh("cat /proc/sys/kernel/random/boot_id; systemctl reboot").strip()
            again = f"! grep -q {was} /proc/sys/kernel/random/boot_id && {{ {booted}; }}"
            await_ssh(host, runs, console, command=again, limit_s=_BOOT_S)
        host.ssh("true", user=host.user)  # so that both users have been there
        host.ssh("sync")
        runs.save(saved.memory)
    finally:
        runs.stop()


def _disks(spec: HostSpec, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"disk{number}.raw" for number in range(len(spec.volumes) + 1))


def _kernel_of(spec: HostSpec, folder: Path) -> None:
    """Take the kernel and its initrd out of an image: QEMU loads them itself, so there is no boot loader."""
    listed = _debugfs(spec.image.root, "ls -p /boot")
    names = [line.split("/")[5] for line in listed.splitlines() if line.startswith("/")]
    for start, file in (("vmlinuz-", "kernel"), ("initrd.img-", "initrd")):
        found = sorted(name for name in names if name.startswith(start))
        if not found:
            raise RuntimeError(
                f"{spec.name}: its image has no /boot/{start}*: QEMU needs one of a -vm recipe"
            )
        _debugfs(spec.image.root, f"dump /boot/{found[-1]} {folder / file}")


def _introduce(name: str, root: Path, folder: Path) -> None:
    """Write into the disk who the machine is and who may log in, without mounting it."""
    (folder / "hostname").write_text(f"{name}\n")
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
    (folder / "resolv.conf").write_text(
        "nameserver 10.0.2.2\n"
    )  # which gives no answer, as in a closed network
    (folder / "authorized_keys").write_bytes((folder / "user_key.pub").read_bytes())
    (folder / "authorized_keys").chmod(0o600)
    # Otherwise each login starts a service manager for its user, which takes an emulated processor seconds.
    (folder / "logind.conf").write_text("[Login]\nUserStopDelaySec=infinity\n")
    lines = ["mkdir /etc/systemd/logind.conf.d"]
    lines += [f"write {folder / 'logind.conf'} /etc/systemd/logind.conf.d/users-stay.conf"]
    for file in ("hostname", "hosts", "resolv.conf"):
        lines += [f"rm /etc/{file}", f"write {folder / file} /etc/{file}"]
    for file, place in (("host_key", "ssh_host_ed25519_key"), ("host_key.pub", "ssh_host_ed25519_key.pub")):
        lines += [f"write {folder / file} /etc/ssh/{place}", *_owned(f"/etc/ssh/{place}", 0)]
    for home, owner in (("/root", 0), ("/home/diag", 1000)):
        lines += [f"mkdir {home}/.ssh", *_owned(f"{home}/.ssh", owner)]
        file = f"{home}/.ssh/authorized_keys"
        lines += [f"write {folder / 'authorized_keys'} {file}", *_owned(file, owner)]
    (folder / "introduction").write_text("\n".join(lines) + "\n")
    _run("debugfs", "-w", "-f", str(folder / "introduction"), str(root), quiet=True)


def _owned(path: str, owner: int) -> list[str]:
    return [f"set_inode_field {path} {field} {owner}" for field in ("uid", "gid")]


def _move_in(spec: HostSpec, host: LabHost) -> None:
    """Put each volume where it is mounted from the next boot on, with what the directory holds."""
    for number, volume in enumerate(spec.volumes):
        device = f"/dev/vd{chr(ord('b') + number)}"
        host.script(
            f"""set -eu
            mount {device} /mnt
            cp -a {volume.mount}/. /mnt/
            umount /mnt
            echo '{device} {volume.mount} ext4 defaults,errors=remount-ro 0 2' >>/etc/fstab
            """
        )


def journal_sector(disk: Path, share: float) -> int:
    """The sector, of 512 bytes, that lies so far into the journal of an ext4 filesystem (inode 8 is the journal's)."""
    blocks = [int(word) for word in _debugfs(disk, "blocks <8>").split()]
    sizes = [line for line in _debugfs(disk, "stats -h").splitlines() if line.startswith("Block size:")]
    return blocks[int(share * (len(blocks) - 1))] * (int(sizes[0].split()[-1]) // 512)


def _debugfs(filesystem: Path, request: str) -> str:
    return _run("debugfs", "-R", request, str(filesystem), quiet=True)


def _run(*argv: str, quiet: bool = False) -> str:
    """Standard output. quiet: without what it says besides, which debugfs does even when all is well."""
    said = subprocess.DEVNULL if quiet else None
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=said, text=True).stdout
