"""Sockets as ss and netstat print them, and the kernel's counters. Outputs of Debian 12 unless said otherwise."""

from __future__ import annotations

import pytest

from tai.parsers import parse

FULL_QUEUE = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
tcp   LISTEN 5      4          127.0.0.1:8081      0.0.0.0:*    users:(("python3",pid=4561,fd=3))
"""
HEADER_ONLY = "State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
# The columns of net-tools' netstat, on hosts that have no ss.
NETSTAT = """\
Active Internet connections (only servers)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 127.0.0.1:5432          0.0.0.0:*               LISTEN      811/postgres
tcp6       0      0 :::80                   :::*                    LISTEN      -
udp        0      0 0.0.0.0:68              0.0.0.0:*                           512/dhclient
"""


def test_full_accept_queue_is_told_in_percent() -> None:
    (row,) = parse("sockets", FULL_QUEUE)
    assert (row["port"], row["process"], row["recv_q"], row["queue_percent"]) == (8081, "python3", 5, 125.0)


def test_netstat_tells_the_same_but_no_queue() -> None:
    rows = parse("sockets", NETSTAT)
    assert [(r["protocol"], r["state"], r["port"], r["process"]) for r in rows] == [
        ("tcp", "LISTEN", 5432, "postgres"),
        ("tcp", "LISTEN", 80, ""),
        ("udp", "UNCONN", 68, "dhclient"),
    ]
    assert [r["loopback"] for r in rows] == [True, False, False]
    assert {r["queue_percent"] for r in rows} == {0.0}


def test_table_with_nothing_but_its_header_has_no_rows() -> None:
    assert parse("sockets", HEADER_ONLY) == []


def test_text_that_is_no_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no table of sockets"):
        parse("sockets", "Cannot open netlink socket: Protocol not supported\n")


def test_port_that_nobody_listens_on_is_one_row_that_says_so() -> None:
    (row,) = parse("port-sockets", HEADER_ONLY)
    assert (row["listeners"], row["loopback_only"], row["_line"]) == (0, False, 1)


def test_listener_on_every_address_is_not_loopback_only() -> None:
    text = HEADER_ONLY + "LISTEN 0 244 127.0.0.1:5432 0.0.0.0:*\nLISTEN 0 244 [::]:5432 [::]:*\n"
    (row,) = parse("port-sockets", text)
    assert (row["listeners"], row["loopback_only"]) == (2, False)


def test_use_of_limits_is_told_in_percent_where_the_limits_are_known() -> None:
    text = "==> /proc/net/sockstat <==\nTCP: inuse 90 orphan 5 tw 10 alloc 95 mem 50\n\n==> /proc/sys/net/ipv4/ip_local_port_range <==\n1000\t1199\n"
    (row,) = parse("sockstat", text)
    assert (row["ports"], row["ports_percent"], row["memory_percent"]) == (200, 50.0, 0.0)
    assert row["_at"]["ports"] == 5


def test_counters_find_their_names_whatever_columns_a_kernel_has() -> None:
    text = "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 4 17\nTcp: RtoMax OutSegs RetransSegs\nTcp: -1 1000 50\nUdp: InDatagrams RcvbufErrors\nUdp: 90 10\n"
    (row,) = parse("protocol-counters", text)
    assert (row["tcpext_listenoverflows"], row["retransmitted_percent"], row["udp_lost_percent"]) == (
        17,
        5.0,
        10.0,
    )
    assert row["_at"]["udp_rcvbuferrors"] == 6
