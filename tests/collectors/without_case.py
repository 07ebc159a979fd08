"""Probes without a golden case, each with the reason: what the project's own hosts cannot show, or must not."""

from __future__ import annotations

# In a container these tell of the machine outside, whose kernel and devices it has: they are recorded only on a host with a
# kernel of its own.
_KERNEL = "in a container it tells of the machine outside"
OF_THE_KERNEL = dict.fromkeys(
    (
        "kernel-command-line",
        "kernel-modules",
        "pci-devices",
        "slab",
        "memory-free",
        "running-kernel",
        "hardware",
        "machine-model",
        "memory-controllers",
        "throttle-counts",
        "raid",
        "raid-detail",
        "scsi-devices",
        "ext4-errors",
        "reserved-blocks",
        "smart",
        "nvme-health",
        "nfs-calls",
        "nfs-servers",
        "oom-records",
        "killed-control-group",
        "apparmor-state",
        "crash-dumps",
    ),
    _KERNEL,
)

WITHOUT_CASE: dict[str, str] = {}
WITHOUT_ROWS: dict[str, str] = {}
