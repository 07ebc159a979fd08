"""Routes, neighbours, bonds and counters, as the kernel and iproute2 print them over the years."""

from __future__ import annotations

import pytest

from tai.parsers import parse

# The form of kernel drivers/net/bonding/bond_procfs.c, with names and addresses of documentation.
LACP = """\
Ethernet Channel Bonding Driver: v5.14.0-427.el9.x86_64

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer3+4 (1)
MII Status: up
MII Polling Interval (ms): 100
Up Delay (ms): 0

802.3ad info
LACP active: on
Partner Mac Address: 00:00:00:00:00:00

Slave Interface: eno1
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 2
Permanent HW addr: 00:00:5e:00:53:01

Slave Interface: eno2
MII Status: going down
Speed: Unknown
Duplex: Unknown
Link Failure Count: 7
Permanent HW addr: 00:00:5e:00:53:02
"""


def test_host_without_a_way_out_counts_no_default_route() -> None:
    (row,) = parse(
        "routes",
        """\
10.0.0.0/24 dev d0 proto kernel scope link src 10.0.0.5
""",
    )
    assert (row["destination"], row["defaults"], row["link"]) == ("10.0.0.0/24", 0, "d0")


def test_next_hops_belong_to_the_route_above_them() -> None:
    text = "default proto bgp metric 20 \n\tnexthop via 192.0.2.1 dev eth0 weight 1 \n\tnexthop via 192.0.2.2 dev eth1 weight 1 linkdown \n"
    rows = parse("routes", text)
    assert [(row["destination"], row["via"], row["flags"]) for row in rows] == [
        ("default", "", []),
        ("default", "192.0.2.1", []),
        ("default", "192.0.2.2", ["linkdown"]),
    ]


def test_gateway_over_another_family_is_read() -> None:
    (row,) = parse("routes", "default via inet6 fe80::1 dev eth0 proto static metric 100 \n")
    assert row["via"] == "fe80::1"


def test_route_that_leads_nowhere_is_no_way_out() -> None:
    rows = parse("routes", "unreachable default dev lo metric 4294967295 error -101\n")
    assert (rows[0]["kind"], rows[0]["defaults"]) == ("unreachable", 0)


def test_way_to_one_address_is_no_table() -> None:
    with pytest.raises(ValueError, match="no routes"):
        parse("routes", "10.20.0.1 dev eth0 src 10.20.0.11 uid 0 \n    cache \n")


def test_neighbour_that_gave_no_answer_has_no_hardware_address() -> None:
    (row,) = parse(
        "neighbours",
        """\
10.0.0.7 dev d0 FAILED
""",
    )
    assert (row["address"], row["hardware"], row["state"]) == ("10.0.0.7", "", "FAILED")


def test_arp_table_of_a_host_without_ip_tells_the_same() -> None:
    text = (
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.0.2.1        0x1         0x2         00:00:5e:00:53:01     *        eth0\n"
        "192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0\n"
    )
    assert [row["state"] for row in parse("neighbours", text)] == ["REACHABLE", "INCOMPLETE"]


def test_bond_has_a_row_of_its_own_and_one_for_each_member() -> None:
    rows = parse("bonding", LACP)
    assert [(row["member"], row["mii"], row["failures"]) for row in rows] == [
        ("", "up", 0),
        ("eno1", "up", 2),
        ("eno2", "going down", 7),
    ]
    assert rows[0]["partner"] == "00:00:00:00:00:00"
    assert {row["members"] for row in rows} == {2}


def test_counters_of_proc_have_the_shape_of_links() -> None:
    text = (
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
        "  eth0: 9012  100 25 3 7 0 0 0 811 90 1 2 0 0 4 0\n"
    )
    (row,) = parse("net-dev", text)
    assert (row["rx_errors"], row["rx_missed"], row["tx_carrier"], row["errors_percent"]) == (25, 7, 4, 20.0)


@pytest.mark.parametrize("parser", ["routes", "bonding", "net-dev"])
def test_what_is_none_of_it_is_an_error(parser: str) -> None:
    with pytest.raises(ValueError, match="no "):
        parse(parser, "command not found\n")
