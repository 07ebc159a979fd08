"""Networks of namespaces for tests: hosts that reach each other only where a cable lies. Root and iproute2 only.

A host of the lab is a network namespace; `cable` joins two of them. What runs inside is started by the words of
`Node.inside`, so that an address without a route stays without one: from the machine's own namespace it would follow the
default route out. Addresses are those of RFC 5737, set aside for documentation. Everything goes when the lab is closed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CAN_MAKE = os.geteuid() == 0 and all(shutil.which(tool) for tool in ("ip", "nsenter", "unshare"))
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Node:
    """One host of a lab. name: of its namespace."""

    name: str

    @property
    def inside(self) -> list[str]:
        """The words before a command that is to run in this host's network."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--"]

    def run(self, *words: str) -> str:
        """Run a command in this host's network and return what it printed."""
        return subprocess.run([*self.inside, *words], check=True, capture_output=True, text=True).stdout

    def clear(self) -> None:
        """Kill whatever still runs in this host: a server that a failed test left, a daemon of a tool that was measured."""
        while pids := subprocess.run(
            ["ip", "netns", "pids", self.name], check=True, capture_output=True, text=True
        ).stdout.split():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.01)


@dataclass(slots=True)
class Lab:
    """The nodes and cables of one network."""

    _stack: ExitStack
    nodes: list[Node] = field(default_factory=list)

    def node(self, name: str) -> Node:
        """A new host, with nothing but loopback."""
        node = Node(f"tai-{os.getpid()}-{next(_NUMBERS)}-{name}")
        _ip("netns", "add", node.name)
        self._stack.callback(_ip, "netns", "delete", node.name)
        self._stack.callback(node.clear)
        node.run("ip", "link", "set", "lo", "up")
        self.nodes.append(node)
        return node

    def cable(self, one: Node, its_address: str, other: Node, other_address: str) -> tuple[str, str]:
        """Join two hosts; addresses with their prefix length. Returns the names of the cable's two ends."""
        ends = (f"tai{next(_NUMBERS)}a{os.getpid()}"[:15], f"tai{next(_NUMBERS)}b{os.getpid()}"[:15])
        _ip(
            "link",
            "add",
            ends[0],
            "netns",
            one.name,
            "type",
            "veth",
            "peer",
            "name",
            ends[1],
            "netns",
            other.name,
        )
        for node, end, address in ((one, ends[0], its_address), (other, ends[1], other_address)):
            node.run("ip", "address", "add", address, "dev", end)
            node.run("ip", "link", "set", end, "up")
        return ends


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def lab() -> Iterator[Lab]:
    """A network that is gone when the block ends, and with it everything that runs in it."""
    if not CAN_MAKE:
        pytest.skip("networks of namespaces need root, iproute2 and util-linux")
    Path("/run/netns").mkdir(exist_ok=True)
    with ExitStack() as stack:
        yield Lab(stack)
