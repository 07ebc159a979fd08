"""Which host a connection was meant for: this one, or another. Pure.

A connection that another host refuses is not explained by what fails here, but for what is the whole host's: its network,
its names, its rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from tai.model import Observation

# An address with a port as programs write the two: 192.0.2.7:25, [2001:db8::7]:25, 192.0.2.7[192.0.2.7]:25.
_PEER: Final = re.compile(
    r"(?<![\w.:])(?P<v4>(?:\d{1,3}\.){3}\d{1,3})\]?:\d{1,5}\b|\[(?P<v6>[0-9a-fA-F:]{3,45})\]:\d{1,5}\b"
)
_INET: Final = re.compile(r"\binet6? (?P<address>[0-9a-fA-F.:]+)")


def own_addresses(observations: Sequence[Observation]) -> frozenset[str]:
    """The host's addresses as `ip address` told them; empty when it was not asked or did not answer."""
    return frozenset(
        found["address"]
        for seen in observations
        if seen.argv[:1] == ("ip",) and any(word.startswith("addr") for word in seen.argv)
        for found in _INET.finditer(seen.text)
    )


def is_elsewhere(line: str, own: frozenset[str]) -> bool:
    """Whether all addresses with a port in the line are other hosts'. False where it names none, or when `own` is not known."""
    named = [found["v4"] or found["v6"] for found in _PEER.finditer(line)]
    return bool(own) and bool(named) and all(_is_other(address, own) for address in named)


def _is_other(address: str, own: frozenset[str]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not parsed.is_loopback and not parsed.is_unspecified and str(parsed) not in own
