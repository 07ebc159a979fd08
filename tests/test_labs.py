"""The labs of vm-fixtures: what reaches what, and that nothing of one is left when it is down. Root and nspawn only."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

_MISSING = [tool for tool in ("systemd-nspawn", "mmdebstrap", "ssh", "unshare") if not shutil.which(tool)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first run builds the image
    pytest.mark.skipif(os.geteuid() != 0, reason="containers need root"),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]


@pytest.fixture(scope="module")
def modules() -> Any:
    """The modules of vm-fixtures, which is a folder of scripts and not a package."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(ROOT / "vm-fixtures"))


def _said(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def _traces(lab: str, namespaces: set[str], before: float) -> list[str]:
    """What the machine has of a lab: by its id in processes, mounts, groups, disks and files, and by its namespaces.

    before: while it was up; the kernel gives the numbers of namespaces that are gone to new ones.
    """
    seen = [f"process {line}" for line in _said("ps", "-eo", "pid,args").splitlines()]
    seen += [f"mount {line}" for line in Path("/proc/self/mounts").read_text().splitlines()]
    seen += [f"loop {line}" for line in _said("losetup", "--all").splitlines()]
    seen += [
        f"{kind} {folder}/{name}"
        for kind, top in (("group", "/sys/fs/cgroup"), ("file", tempfile.gettempdir()), ("file", "/run"))
        for folder, folders, files in os.walk(top)  # which minds no folder of others that goes meanwhile
        for name in (*folders, *files)
    ]
    left = [line for line in seen if lab in line]
    return left + [
        f"namespace {number} of {pid}"
        for number, pid in (line.split() for line in _said("lsns", "-n", "-o", "NS,PID").splitlines())
        if number in namespaces and _began(pid) < before
    ]


def _began(pid: str) -> float:
    """When a process began, in seconds since the machine began; that of one that is gone is now."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return ticks / os.sysconf("SC_CLK_TCK")


def _namespaces(lab: str) -> set[str]:
    """The namespaces that only this lab's processes are in, by number."""
    found = set()
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        if lab not in folder:
            continue
        with contextlib.suppress(OSError):  # a session's group goes with its last process
            for pid in Path(folder, "cgroup.procs").read_text().split():
                for kind in Path(f"/proc/{pid}/ns").glob("*"):
                    if kind.readlink() != Path(f"/proc/self/ns/{kind.name}").readlink():
                        found.add(str(kind.stat().st_ino))
    return found


@pytest.mark.parametrize("name", ["single", "bastion"])
def test_a_lab_is_reached_as_it_says_and_leaves_nothing(name: str, modules: Any) -> None:
    lab = modules("labs").load(name)
    launcher = modules("nspawn").NspawnLab(lab)
    with launcher as hosts:
        folder = next(iter(hosts.values())).key.parent
        mine = folder.name.rpartition("-")[0]
        assert list(hosts) == [spec.name for spec in lab.hosts]
        for host in hosts.values():
            for user in ("root", "diag"):
                assert host.ssh("hostname; id -un", user=user).split() == [host.name, user]
        client = ["nsenter", f"--net={folder / 'netns' / 'client'}"]
        for host in hosts.values():
            if host.jump:
                # Asked from where the clients are: from the machine's own network it would follow the default route out.
                way = ["ssh", "-F", str(host.config), "-o", "ProxyJump=none", host.name, "true"]
                direct = subprocess.run([*client, *way], capture_output=True, text=True, check=False)
                assert direct.returncode == 255
                assert "Network is unreachable" in direct.stderr
        namespaces = _namespaces(mine) | {str(file.stat().st_ino) for file in (folder / "netns").iterdir()}
        up = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert {line.split()[0] for line in _traces(mine, namespaces, up)} >= {
            "process",
            "mount",
            "group",
            "file",
            "namespace",
        }
    assert _traces(mine, namespaces, up) == []


def test_a_lab_whose_start_fails_leaves_nothing(modules: Any, tmp_path: Path) -> None:
    launcher_module, image = modules("launcher"), modules("image")
    broken = tmp_path / "root.img"
    broken.write_bytes(b"not a filesystem")
    spec = launcher_module.HostSpec("web-01", image.Image(broken, broken))
    launcher = modules("nspawn").NspawnLab(launcher_module.Lab("broken", (spec,)))
    with pytest.raises(RuntimeError, match="web-01 did not come up"):
        launcher.__enter__()
    assert _traces(launcher._id, set(), 0) == []


def test_a_jump_host_comes_before_those_behind_it(modules: Any, tmp_path: Path) -> None:
    launcher, image = modules("launcher"), modules("image")
    built = image.Image(tmp_path, tmp_path)
    inner = launcher.HostSpec("app-01", built, jump="bastion-01")
    with pytest.raises(ValueError, match="behind bastion-01"):
        launcher.Lab("x", (inner, launcher.HostSpec("bastion-01", built)))
