"""All of a running container's state, read from outside: the half of the read-only proof that compares. Changes nothing.

Files are walked through /proc/PID/root, the rest is asked for with the machine's own programs inside the container's
namespaces, so that looking needs no login and leaves no trace of its own. Time of access is left out.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

State = Mapping[str, Mapping[str, str]]
"""By kind (`file`, `process`, …), then by name: what stood there."""

_KERNEL_FILESYSTEMS = ("/proc", "/sys", "/dev/pts", "/dev/mqueue")
# Counters of the machine outside, and one that is another at each reading.
_COUNTERS = re.compile(
    r"fs\.(?:dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\.\w+)|fs\.epoll.*|kernel\.(?:random\.\w+|ns_last_pid|pty\.nr|tainted)"
    r"|net\.netfilter\.nf_conntrack_count|kernel\.(?:sched_domain|sched_)\S*"
)


def state_of(init: int) -> State:
    """What a container is like now. init: the outer number of its first process."""
    units = {"/usr/bin/systemctl", "/bin/systemctl"}
    root = Path(f"/proc/{init}/root")
    found = {
        "file": _files(root),
        "process": processes(init),
        "mount": _lines(Path(f"/proc/{init}/mountinfo").read_text()),
        "socket": _lines(_inside(init, ["--net"], "ss", "-H", "-l", "-n", "-t", "-u", "-x", "-w")),
        "address": _lines(_inside(init, ["--net"], "ip", "-o", "address")),
        "link": _lines(_inside(init, ["--net"], "ip", "-o", "link")),
        "route": _lines(_inside(init, ["--net"], "ip", "route", "show", "table", "all")),
        "nftables": _lines(_inside(init, ["--net"], "nft", "-n", "list", "ruleset")),
        "sysctl": _sysctl(init),
    }
    if any((root / path.lstrip("/")).exists() for path in units):
        listed = _inside(
            init, ["--all"], "systemctl", "list-units", "--all", "--plain", "--no-legend", "--full"
        )
        files = _inside(init, ["--all"], "systemctl", "list-unit-files", "--plain", "--no-legend", "--full")
        found["unit"] = {line.split()[0]: line for line in listed.splitlines()}
        found["unit file"] = _lines(files)
    if (root / "usr/bin/dpkg-query").exists():
        form = "${Package} ${Version} ${Status}\\n"
        found["package"] = _lines(_inside(init, ["--all"], "dpkg-query", "-W", "-f", form))
    return found


def processes(init: int) -> dict[str, str]:
    """Every process of the container: its own number there, with its owner and command line."""
    space = Path(f"/proc/{init}/ns/pid").readlink()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if (folder / "ns/pid").readlink() != space:
                continue
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it ended while it was looked at
        found[status["NSpid"].split()[-1]] = f"{status['Uid'].split()[0]} {words or status['Name']}"
    return found


def differences(before: State, after: State) -> list[tuple[str, str, str]]:
    """What is not as it was: kind, name, and `new`, `gone`, or what about it changed."""
    found = []
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, {}), after.get(kind, {})
        for name in sorted({*old, *new}):
            if name not in old:
                found.append((kind, name, "new"))
            elif name not in new:
                found.append((kind, name, "gone"))
            elif old[name] != new[name]:
                found.append((kind, name, _changed(old[name], new[name])))
    return found


def _changed(old: str, new: str) -> str:
    """The fields that differ, where the value is made of fields; else both values."""
    pairs = list(zip(old.split("\t"), new.split("\t"), strict=False))
    if len(pairs) > 1:
        return ", ".join(one.partition("=")[0] for one, other in pairs if one != other)
    return f"{old} → {new}"


def _files(root: Path) -> dict[str, str]:
    found = {}
    start = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for folder, folders, files, descriptor in os.fwalk(".", dir_fd=start, follow_symlinks=False):
            place = folder.removeprefix(".")
            folders[:] = [name for name in folders if f"{place}/{name}" not in _KERNEL_FILESYSTEMS]
            for name in (".", *files, *folders):
                path = f"{place}/{name}".removesuffix("/.") or "/"
                try:
                    found[path] = _file(name, descriptor)
                except FileNotFoundError:
                    continue
    finally:
        os.close(start)
    return found


def _file(name: str, folder: int) -> str:
    seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    content = ""
    if stat.S_ISREG(seen.st_mode):
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:  # noqa: PTH123 - by folder
            content = hashlib.file_digest(file, "sha256").hexdigest()
    elif stat.S_ISLNK(seen.st_mode):
        content = os.readlink(name, dir_fd=folder)
    fields = {
        "mode": oct(seen.st_mode),
        "owner": f"{seen.st_uid}:{seen.st_gid}",
        "links": seen.st_nlink,
        "inode": seen.st_ino,
        "size": seen.st_size,
        "modified": seen.st_mtime_ns,
        "changed": seen.st_ctime_ns,
        "content": content,
    }
    return "\t".join(f"{key}={value}" for key, value in fields.items())


def _sysctl(init: int) -> dict[str, str]:
    said = _inside(init, ["--net", "--uts", "--ipc"], "sysctl", "-a", "-e")
    pairs = (line.partition(" = ") for line in said.splitlines())
    return {name: value for name, _, value in pairs if not _COUNTERS.fullmatch(name)}


def _lines(text: str) -> dict[str, str]:
    return dict.fromkeys(text.splitlines(), "there")


def _inside(init: int, spaces: list[str], *words: str) -> str:
    argv = ["nsenter", f"--target={init}", *spaces, "--", *words]
    return subprocess.run(
        argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout
