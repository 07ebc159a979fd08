"""Which family a distribution belongs to, by what os-release(5) says. Pure."""

from __future__ import annotations

_FAMILIES = {
    "debian": ("debian", "ubuntu"),
    "rhel": ("rhel", "fedora", "centos"),
    "suse": ("suse", "opensuse", "sles"),
    "alpine": ("alpine",),
    "arch": ("arch",),
}


def family(os_id: str, os_like: str, ls: str = "") -> str:
    """The OS family by os-release(5)'s ID, then ID_LIKE from nearest to farthest; '' when it is none that we know.

    ls: whose `ls` the host has. Where that is busybox's and no family is known, busybox is what its tools have in common:
    a router or an appliance, without a package manager that we know.
    """
    for name in (os_id, *os_like.split()):
        for known, members in _FAMILIES.items():
            if name in members or any(name.startswith(f"{member}-") for member in members):
                return known
    return "busybox" if ls == "busybox" else ""
