"""The machine's subjects against RHEL, CentOS, Fedora, Ubuntu and Alpine hosts: what their programs print is read, and is no fault.

Nothing of these outputs is kept here: see `foreign.py`.
"""

from __future__ import annotations

import json
import re

import pytest

from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.parsers import parse
from tests.collectors.foreign import insights, jc_fixtures, sosreport
from tests.shipped import shipped

CATALOG = shipped()
MACHINE = {"host", "kernel", "memory", "cpu", "disk", "storage", "filesystems"}
OURS = {item.id for each in CATALOG.collectors if each.name in MACHINE for item in each.signatures}


def found(label: str, text: str) -> dict[str, str]:
    """Signature → severity, of this package's subjects, above info."""
    seen = Observation(
        id="E1", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text, argv=()
    )
    return {
        item.signature: item.severity
        for item in inspect(CATALOG, [seen])
        if item.signature in OURS and item.severity != "info"
    }


@pytest.mark.parametrize("system", ["centos-7.7", "ubuntu-18.04"])
@pytest.mark.parametrize("form", ["free", "free-h"])
def test_free_agrees_with_published_truth(system: str, form: str) -> None:
    fixtures = jc_fixtures()
    memory, swap = json.loads(fixtures[f"{system}/{form}.json"])
    (row,) = parse("free", fixtures[f"{system}/{form}.out"])
    if form == "free":
        assert (row["memory_kb"], row["available_kb"]) == (memory["total"], memory["available"])
        assert (row["swap_kb"], row["swap_free_kb"]) == (swap["total"], swap["free"])
    assert 0 < row["available_percent"] <= 100


@pytest.mark.parametrize("system", ["centos-7.7", "ubuntu-18.04", "ubuntu-20.10"])
def test_iostat_agrees_with_published_truth(system: str) -> None:
    fixtures = jc_fixtures()
    truth = [
        (item["device"], item["percent_util"])
        for item in json.loads(fixtures[f"{system}/iostat-x.json"])
        if item["type"] == "device"
    ]
    rows = parse("iostat", fixtures[f"{system}/iostat-x.out"])
    assert [(row["device"], row["util_percent"]) for row in rows] == truth
    assert all(row["await_ms"] is not None for row in rows)


def test_outputs_of_healthy_hosts_are_read_and_show_no_fault_above_low() -> None:
    for name, text in jc_fixtures().items():
        if not name.endswith(".out"):
            continue
        program, _, flags = name.rpartition("/")[2].removesuffix(".out").partition("-")
        grave = {item for item, severity in found(f"{program} -{flags}", text).items() if severity != "low"}
        assert not grave, name


def test_red_hat_volumes_stand_below_their_headings() -> None:
    rows = parse("lvs", insights("test_lvs.py")["LVS_HEADER_1"])
    assert {row["vg"] for row in rows} == {"vg_root"}
    assert all(re.fullmatch(r"[<]?[\d.]+[kmgt]", str(row["size"])) for row in rows)


def test_red_hat_smart_of_a_good_disk_is_no_fault() -> None:
    drive = insights("test_smartctl.py")["STANDARD_DRIVE"]
    by_name = {row["attribute"]: row for row in parse("smart", drive)}
    assert by_name["health"]["raw"] == 0
    assert by_name["Raw_Read_Error_Rate"]["failed"] == "-"
    assert found("smartctl -a /dev/sda", drive) == {}


def test_red_hat_multipath_tells_its_faulty_paths_and_only_those() -> None:
    samples = insights("test_multipath_v4_ll.py")
    assert found("multipath -ll", samples["MULTIPATH_V4_LL_DOC"]) == {"multipath-path-faulty": "medium"}
    every = "\n".join(samples.values())
    good = "\n".join(line for line in every.splitlines() if "faulty" not in line and "failed" not in line)
    assert found("multipath -ll", good) == {}


def test_red_hat_crash_is_told_from_the_kernels_dying_words() -> None:
    assert "kernel-crash" in found("vmcore-dmesg.txt", insights("test_vmcore_dmesg.py")["VMCORE_DMESG_CRASH"])
    assert found("dmesg", insights("test_dmesg.py")["DMESG_CMD"]) == {}


def test_red_hat_mount_tables_are_read_whole() -> None:
    for name, text in insights("test_mount.py").items():
        if name.startswith("PROC_MOUNT"):
            lines = [line for line in text.splitlines() if len(line.split()) == 6]
            assert len(parse("mounts", text)) == len(lines), name


def test_a_real_ubuntu_hosts_fstab_is_mounted() -> None:
    report = sosreport()
    table = "\n".join(
        re.sub(r"^(\S+) on (\S+) type (\S+) \(([^)]*)\).*", r"\1 \2 \3 \4 0 0", line)
        for line in report["sos_commands/filesys/mount_-l"].splitlines()
    )
    rows = parse("fstab", f"==> /etc/fstab <==\n{report['etc/fstab']}\n\n==> /proc/mounts <==\n{table}\n")
    assert rows
    assert all(row["mounted"] and not row["read_only"] for row in rows)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("sos_commands/kernel/dmesg", "dmesg"),
        ("sos_commands/memory/free", "free"),
        ("sos_commands/filesys/mount_-l", "mount -l"),
        ("sos_commands/filesys/findmnt", "findmnt"),
        ("sos_commands/login/last_reboot", "last reboot"),
        ("sos_commands/host/uptime", "uptime"),
        ("sos_commands/block/lsblk", "lsblk"),
        ("sos_commands/systemd/journalctl_--list-boots", "journalctl --list-boots"),
        ("proc/vmstat", "cat /proc/vmstat"),
    ],
)
def test_a_real_ubuntu_host_shows_no_fault_of_the_machine(path: str, label: str) -> None:
    assert found(label, sosreport()[path]) == {}


def test_a_real_ubuntu_hosts_boots_have_lengths() -> None:
    rows = parse("boots", sosreport()["sos_commands/systemd/journalctl_--list-boots"])
    assert rows[-1]["index"] == 0
    assert all(row["length_s"] > 0 for row in rows)
