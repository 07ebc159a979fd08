"""Where a command of tier C may send packets or which names it may ask about: what is approved, and why nothing else is.

Not the question to the person, which comes after it. A destination that only a model or a log line named is refused: a
packet, or the name in a DNS query, could carry what was read to whoever wrote that line.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from tai.engine.inventory import Inventory, is_address, read
from tai.model import Ticket
from tai.policy import ReadOnlyCommand, Tier


class Destinations:
    """The approved destinations of one host. hosts: names the user gave for it."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._named = {host.lower() for host in hosts}
        self._typed: set[str] = set()
        self._inventory = Inventory()

    def type(self, command: ReadOnlyCommand) -> None:
        """Take the destinations of a command line that the user typed as approved, now and later on this host."""
        self._typed.update(_asked_about(command))

    def learn(self, argv: Sequence[str], text: str) -> Inventory:
        """Take in what the host's own configuration says; what it was. argv: canonical; text: what it printed."""
        told = read(argv, text)
        self._inventory |= told
        return told

    def refusal(self, command: ReadOnlyCommand, ticket: Ticket | None) -> str:
        """Why `command` must not run, '' when all its destinations are approved or it sends nothing."""
        if command.tier is not Tier.C:
            return ""
        for destination in _asked_about(command):
            if not self._approved(destination, ticket):
                return (
                    f"{destination} is no approved destination: it stands neither in the ticket nor in this host's resolv.conf, "
                    f"hosts file, addresses or routes. To approve it, type the command yourself: /run {' '.join(command.argv)}"
                )
        return ""

    def _approved(self, destination: str, ticket: Ticket | None) -> bool:
        given = (*ticket.subjects.addresses, *ticket.hosts) if ticket else ()
        return (
            _is_own(destination)
            or destination in self._typed
            or destination in self._named
            or destination in {name.lower() for name in given}
            or destination in self._inventory.addresses
            or destination in self._inventory.names
        )


def _asked_about(command: ReadOnlyCommand) -> list[str]:
    """Bare lower-case names and addresses: `@10.0.0.53` and `[fe80::1]:22` without what stands around them.

    Every word that is an address counts too: `dig -x 10.0.0.5` asks about it.
    """
    words = [*command.destinations, *(word for word in command.argv[1:] if is_address(word))]
    return list(dict.fromkeys(_bare(word) for word in words))


def _bare(word: str) -> str:
    word = word.removeprefix("@").lower()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif not is_address(word):
        word = word.partition(":")[0]
    return word.rstrip(".")


def _is_own(destination: str) -> bool:
    """The host itself, by loopback."""
    if destination == "localhost":
        return True
    return is_address(destination) and ipaddress.ip_address(destination).is_loopback
