"""Stand-ins for IP and MAC addresses: which address becomes which, under a key.

Not the search for addresses in text: that is `anonymise`. Each stand-in follows from the key and the address
alone, never from the order in which addresses come up, since hosts are read concurrently and the same
evidence must give the same prompt.

Stand-ins are addresses, so that parsers and signatures still work on them, and they keep what a diagnosis
needs: whether an address is private, and who shares a network with whom. They can belong to no one: private
ones stay in their own private block, public ones move to 240.0.0.0/4 (reserved, RFC 1112) and 2001:db8::/32
(documentation, RFC 3849). The last octet of an IPv4 address stays, so that networks, gateways and broadcast
addresses still look like what they are; the price is that those 8 bits are not hidden.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# RFC 1918 and 6598: in these the network bits are permuted inside the block.
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
# The same on every machine (RFC 6890): "this host", loopback, link-local with the clouds' metadata service,
# documentation, multicast, and all above, with netmasks, broadcast and our own stand-ins among it.
_UNIVERSAL = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
_UNIVERSAL_6 = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "2001:db8::/32", "ff00::/8")))
_LOCAL_6 = IPv6Network("fe80::/10")
_UNIQUE_LOCAL_6 = IPv6Network("fc00::/7")
_DOCUMENTATION_6 = 0x20010DB8
_MAC_STAND_IN = "02005e"  # locally administered, so of no maker


class Addresses:
    """The stand-ins of one run."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.ipv4 = lru_cache(maxsize=65536)(self._ipv4)
        self.ipv6 = lru_cache(maxsize=65536)(self._ipv6)

    def digest(self, kind: str, value: str, bits: int) -> int:
        """A number of `bits` bits, at most 256, that follows from key, kind and value."""
        digest = hmac.digest(self._key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256")
        return int.from_bytes(digest) >> (256 - bits)

    def _ipv4(self, address: IPv4Address) -> IPv4Address:
        if any(address in network for network in _UNIVERSAL):
            return address
        number = int(address)
        for block in _PRIVATE:
            if address in block:
                return IPv4Address(self._permuted(number, block.prefixlen))
        network = self.digest("ipv4", str(number >> 8), 20)
        return IPv4Address(0xF << 28 | network << 8 | number & 0xFF)

    def _permuted(self, number: int, fixed_bits: int) -> int:
        """Bits `fixed_bits` to 24 are flipped or not by what stands before them (Xu et al., Crypto-PAn, 2002):
        two addresses that share n leading bits share n leading bits afterwards, and no two fall together."""
        for bit in range(fixed_bits, 24):
            before = number >> (32 - bit)
            number ^= self.digest("bit", f"{bit} {before}", 1) << (31 - bit)
        return number

    def _ipv6(self, address: IPv6Address) -> IPv6Address:
        if any(address in network for network in _UNIVERSAL_6):
            return address
        network, interface = divmod(int(address), 1 << 64)
        if interface > 0xFFFF:  # a small one, as of a gateway, is the same everywhere
            interface = self.digest("interface", str(interface), 64)
        if address in _UNIQUE_LOCAL_6:
            network = 0xFD << 56 | self.digest("ipv6", str(network), 56)
        elif address not in _LOCAL_6:
            network = _DOCUMENTATION_6 << 32 | self.digest("ipv6", str(network), 32)
        return IPv6Address(network << 64 | interface)

    def mac(self, digits: str) -> str:
        """12 lower-case hexadecimal digits for 12; broadcast, null, multicast and our own stay."""
        if digits in ("f" * 12, "0" * 12) or digits.startswith((_MAC_STAND_IN, "01005e", "3333")):
            return digits
        return f"{_MAC_STAND_IN}{self.digest('mac', digits, 24):06x}"
