"""A cable with a round-trip time, between two network namespaces: TUN devices, and a process that holds each packet back.

The kernel's own way (sch_netem) is not in every kernel; this one delays whole IP packets, so handshakes, retransmissions
and everything else of TCP feel it, whatever program talks. Not for throughput: Python carries each packet.

    python -m tests.bench.slow_link NAMESPACE ADDRESS/PREFIX NAMESPACE ADDRESS/PREFIX MILLISECONDS
"""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import subprocess
import sys
import time
from collections import deque

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
_MTU = 1500


def _device(namespace: str, address: str, name: str) -> int:
    """A TUN device that is up in a namespace with this address; its file descriptor works from anywhere."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "netns", namespace], check=True)
    inside = ["nsenter", f"--net=/run/netns/{namespace}", "--"]
    for words in (["address", "add", address, "dev", name], ["link", "set", name, "mtu", str(_MTU), "up"]):
        subprocess.run([*inside, "ip", *words], check=True)
    return descriptor


def carry(one: int, other: int, delay_s: float) -> None:
    """Carry packets both ways, each `delay_s` late, until killed."""
    waiting: deque[tuple[float, int, bytes]] = deque()  # in order: the delay is the same for all
    selector = selectors.DefaultSelector()
    for source, target in ((one, other), (other, one)):
        selector.register(source, selectors.EVENT_READ, target)
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(left):
            while True:
                try:
                    packet = os.read(key.fd, _MTU + 100)
                except BlockingIOError:
                    break
                waiting.append((time.monotonic() + delay_s, key.data, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, target, packet = waiting.popleft()
            try:
                os.write(target, packet)
            except BlockingIOError:
                continue  # a full queue drops, as a router does


def main() -> None:
    first, first_address, second, second_address, milliseconds = sys.argv[1:]
    delay_s = float(milliseconds) / 2000
    devices = [
        _device(namespace, address, f"slow{end}-{os.getpid()}")
        for end, (namespace, address) in enumerate(((first, first_address), (second, second_address)))
    ]
    print("up", flush=True)
    carry(devices[0], devices[1], delay_s)


if __name__ == "__main__":
    main()
