"""The network of a lab: a namespace for each host, one for the clients, and a switch for each jump host.

Nothing is routed and the machine's own namespace is not touched. The client's side, 10.20.0.0/24, holds the hosts that
need no jump; each jump host has a side of its own, 10.20.N.0/24, in which it is .1, and only it is on both. So an inner
host cannot be reached from the client, and not by a packet that a jump host passes on: no host forwards.

Namespaces are files in the lab's folder, not names of `ip netns`: that would leave /run/netns mounted behind.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher import Lab

_CLIENT = "client"  # a host cannot be called so: the file names of hosts have a prefix


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host is. side: number of the network that it is reached in; own: number of the one behind it, if any."""

    side: int
    number: int
    own: int | None = None

    @property
    def address(self) -> str:
        return f"10.20.{self.side}.{self.number}"

    @property
    def gateway(self) -> str:
        """Where its packets for elsewhere go, to be dropped: the client or the jump host."""
        return f"10.20.{self.side}.1"


def places(lab: Lab) -> dict[str, Place]:
    """Where each host of a lab goes: numbers from 11 in the order of the lab."""
    jumps = list(dict.fromkeys(host.jump for host in lab.hosts if host.jump))
    taken = dict.fromkeys(range(len(jumps) + 1), 10)
    found = {}
    for host in lab.hosts:
        side = jumps.index(host.jump) + 1 if host.jump else 0
        taken[side] += 1
        found[host.name] = Place(
            side, taken[side], jumps.index(host.name) + 1 if host.name in jumps else None
        )
    return found


def hosts_file(name: str, where: dict[str, Place]) -> str:
    """/etc/hosts of one host: itself, and whom it reaches."""
    lines = ["127.0.0.1 localhost", f"127.0.1.1 {name}"]
    me = where[name]
    for other, place in where.items():
        if other == name:
            continue
        if place.side in {me.side, me.own}:
            lines.append(f"{place.address} {other}")
        elif place.own == me.side:
            lines.append(f"{me.gateway} {other}")
    return "\n".join(lines) + "\n"


class Wiring:
    """The namespaces and cables of a lab, made at once and gone with `stack`."""

    def __init__(self, lab: Lab, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self.places = places(lab)
        folder.mkdir()
        self.client = self._namespace(_CLIENT, stack)
        self._switch(self.client, "10.20.0.1/24")
        sides = {0: self.client}
        for place in self.places.values():
            if place.own is not None:
                sides[place.own] = self._namespace(f"side-{place.own}", stack)
                self._switch(sides[place.own])
        for number, (name, place) in enumerate(self.places.items()):
            inside = self._namespace(f"host-{name}", stack)
            _plug(sides[place.side], f"cable{number}", inside, "eth0", f"{place.address}/24")
            _ip(inside, f"route add default via {place.gateway}")
            if place.own is not None:
                _plug(sides[place.own], "trunk", inside, "eth1", f"10.20.{place.own}.1/24")

    def of(self, host: str) -> Path:
        """The namespace of a host."""
        return self._folder / f"host-{host}"

    def _namespace(self, name: str, stack: contextlib.ExitStack) -> Path:
        file = self._folder / name
        file.touch()
        subprocess.run(["unshare", f"--net={file}", "ip", "link", "set", "lo", "up"], check=True)
        stack.callback(subprocess.run, ["umount", str(file)], check=True)
        return file

    def _switch(self, inside: Path, address: str | None = None) -> None:
        _ip(inside, "link add switch type bridge")
        if address:
            _ip(inside, f"address add {address} dev switch")
        _ip(inside, "link set switch up")


def _plug(switch: Path, port: str, inside: Path, device: str, address: str) -> None:
    _ip(switch, f"link add {port} type veth peer name {device} netns {inside}")
    _ip(switch, f"link set {port} master switch up")
    _ip(inside, f"address add {address} dev {device}")
    _ip(inside, f"link set {device} up")


def _ip(inside: Path, words: str) -> None:
    subprocess.run(["nsenter", f"--net={inside}", "ip", *words.split()], check=True)
