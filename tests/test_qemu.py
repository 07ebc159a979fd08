"""The QEMU tier of vm-fixtures: a machine goes on from where it was saved, is its own, and leaves nothing when it is down."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tai.policy import ReadOnlyCommand
from tai.transport.base import Completed, Limits, Target
from tai.transport.run import run
from tai.transport.ssh import connect

ROOT = Path(__file__).parents[1]
RECIPE = "debian-12-vm"


@pytest.fixture(scope="module")
def modules() -> Any:
    """The modules of vm-fixtures, which is a folder of scripts and not a package."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(ROOT / "vm-fixtures"))


@pytest.fixture(scope="module")
def spec(modules: Any) -> Any:
    """A host to start, where QEMU and its image are to be had; the first run builds and saves it."""
    if lacking := modules("tiers").QEMU.lacks(()):
        pytest.skip(lacking)
    image = modules("image")
    if not image.is_built(RECIPE) and (os.geteuid() != 0 or not shutil.which("mmdebstrap")):
        pytest.skip(f"the image {RECIPE} is not built, and building it needs root and mmdebstrap")
    return modules("launcher").HostSpec("app-01", image.build(RECIPE))


def _processes(word: str) -> list[str]:
    said = subprocess.run(["ps", "-ww", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if word in line]


async def _asked(host: Any, *argvs: tuple[str, ...]) -> list[str]:
    """What the host prints to each command, by tai's own transport."""
    target = Target(
        host.address, user=host.user, port=host.port, identity_files=(host.key,), use_ssh_config=False
    )
    limits = Limits(connect_timeout_s=60, login_timeout_s=60)  # an emulated processor signs slowly
    connection = await connect(target, limits, report=lambda _: None, known_hosts=host.known_hosts)
    said = []
    try:
        for argv in argvs:
            outcome = await run(connection, ReadOnlyCommand(list(argv)))
            assert isinstance(outcome, Completed)
            assert outcome.exit == 0, outcome.stderr
            said.append(outcome.stdout.decode())
    finally:
        await connection.close()
    return said


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_saved_machine_goes_on_with_a_kernel_of_its_own_and_leaves_nothing(spec: Any, modules: Any) -> None:
    launcher = modules("qemu").QemuLab(modules("launcher").Lab("one", (spec,)))
    with launcher as hosts:
        (host,) = hosts.values()
        folder = host.key.parent.parent
        assert _processes(str(folder))
        release, log = asyncio.run(
            _asked(host, ("uname", "-r"), ("journalctl", "--no-pager", "-k", "-b", "0"))
        )
        assert release.strip() != os.uname().release
        assert f"Linux version {release.strip()}" in log
        # It stood still since it was saved, and was set; the rest is a slow login.
        assert abs(int(host.ssh("date +%s")) - time.time()) <= 60
    assert not folder.exists()
    assert _processes(folder.name) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_accelerator_is_used_only_when_a_kernel_boots_by_it_in_time(spec: Any, modules: Any) -> None:
    machine = modules("machine")
    kernel = modules("frozen").frozen(spec).folder / "kernel"
    assert machine.boots(kernel, "tcg", limit_s=120)
    assert not machine.boots(kernel, "tcg", limit_s=0.01)


def test_a_host_behind_a_jump_host_is_refused(modules: Any, tmp_path: Path) -> None:
    launcher = modules("launcher")
    built = modules("image").Image(tmp_path, tmp_path)
    lab = launcher.Lab(
        "x", (launcher.HostSpec("outer", built), launcher.HostSpec("inner", built, jump="outer"))
    )
    with pytest.raises(ValueError, match="inner"):
        modules("qemu").QemuLab(lab)


def test_an_incident_gets_the_first_tier_that_shows_what_it_needs_or_a_reason(modules: Any) -> None:
    tiers = modules("tiers")
    replace = importlib.import_module("dataclasses").replace
    container = replace(tiers.NSPAWN, needs_root=False, tools=())
    emulated = replace(tiers.QEMU, tools=())
    both = (container, emulated)
    assert tiers.tier_for((), both) is container
    assert tiers.tier_for(("network",), both) is container
    assert tiers.tier_for(("kernel", "io-error"), both) is emulated
    with pytest.raises(
        tiers.CannotShowError, match="systemd-nspawn cannot show clock; QEMU cannot show network"
    ):
        tiers.tier_for(("network", "clock"), both)
    absent = replace(tiers.QEMU, tools=("no-such-program",))
    with pytest.raises(tiers.CannotShowError, match="QEMU needs no-such-program, not installed"):
        tiers.tier_for(("kernel",), (container, absent))


def test_a_tier_takes_its_own_variant_of_an_image(modules: Any) -> None:
    tiers = modules("tiers")
    assert tiers.NSPAWN.recipe("debian-12") == "debian-12"
    assert tiers.QEMU.recipe("debian-12") == RECIPE
    assert tiers.QEMU.recipe(RECIPE) == RECIPE
