"""Stand-ins are stable, keep networks together, belong to no one, and leave alone what every machine has."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.text import Anonymiser

KEY = b"a key of this test run"
PUBLIC = (
    st.integers(min_value=0x01000000, max_value=0xDFFFFFFF).map(IPv4Address).filter(lambda ip: ip.is_global)
)


@pytest.mark.parametrize(
    "kept",
    [
        *(
            "127.0.0.1",
            "127.0.0.53",
            "0.0.0.0",
            "255.255.255.0",
            "255.255.255.255",
            "224.0.0.251",
            "169.254.169.254",
        ),
        *("192.0.2.7", "::1", "::", "ff02::1", "2001:db8::7", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"),
        *(
            "12:30:44",
            "2025-07-07T01:02:48",
            "libssl-3.0.11.2-1",
            "1.2.3.4.5",
            "999.1.1.1",
            "a::b::c",
            "std::string",
        ),
        *(
            "root",
            "www-data",
            "sshd[12]:",
            "<redacted:password:0123abcd>",
            "SHA256:abc",
            "/home",
            "for 5 from 6",
        ),
    ],
)
def test_what_every_machine_has_stays(kept: str) -> None:
    assert Anonymiser(KEY).anonymise(f"x {kept} y") == f"x {kept} y"


def test_a_name_has_one_stand_in_in_all_texts_and_another_in_the_next_run() -> None:
    one = Anonymiser(KEY)
    texts = ["from 8.8.4.9 port 1", "8.8.4.9", "[2a01:4f8:1::9]:443", "2a01:4f8:1::9", "52:54:00:12:34:56"]
    assert [one.anonymise(text) for text in texts] == [Anonymiser(KEY).anonymise(text) for text in texts]
    assert one.anonymise("8.8.4.9") in one.anonymise("x 8.8.4.9 y")
    assert one.anonymise("8.8.4.9 10.1.2.3") != Anonymiser(b"another").anonymise("8.8.4.9 10.1.2.3")


@given(PUBLIC)
def test_a_public_address_becomes_one_that_no_one_has(address: IPv4Address) -> None:
    got = IPv4Address(Anonymiser(KEY).anonymise(str(address)))
    assert got in IPv4Network("240.0.0.0/4")
    assert int(got) & 0xFF == int(address) & 0xFF


@given(st.integers(min_value=0, max_value=2**24 - 1), st.integers(min_value=0, max_value=2**24 - 1))
def test_private_addresses_share_the_networks_they_shared(one: int, other: int) -> None:
    anonymiser = Anonymiser(KEY)
    ten = IPv4Network("10.0.0.0/8")
    before = [ten[one], ten[other]]
    after = [IPv4Address(anonymiser.anonymise(str(address))) for address in before]
    for length in (8, 16, 20, 24, 32):
        shared = [
            len({IPv4Network((address, length), strict=False) for address in pair})
            for pair in (before, after)
        ]
        assert shared[0] == shared[1], length
    assert all(address in ten for address in after)


@given(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=0x10000, max_value=2**64 - 1))
def test_an_ipv6_address_moves_to_documentation_space_and_keeps_its_neighbours(
    network: int, interface: int
) -> None:
    address = IPv6Address(0x2A01 << 112 | (network >> 16) << 64 | interface)
    neighbour = IPv6Address((int(address) >> 64 << 64) | 1)
    got, beside = (IPv6Address(Anonymiser(KEY).anonymise(str(ip))) for ip in (address, neighbour))
    assert got in IPv6Network("2001:db8::/32")
    assert got != address
    assert int(got) >> 64 == int(beside) >> 64


def test_hosts_are_learned_from_syslog_headers_and_replaced_elsewhere() -> None:
    text = (
        "Jul 07 01:02:48 web7 sshd[1]: connection closed\nping web7.corp.example: web7 is down, web70 is up\n"
    )
    got = Anonymiser(KEY).anonymise(text)
    assert "web7 " not in got
    assert "web7." not in got
    assert "web70 is up" in got
    assert got.split()[3] in got.split("\n")[1]


def test_all_names_of_a_known_domain_are_replaced() -> None:
    got = Anonymiser(KEY, hosts=["db1.corp.example.org"]).anonymise(
        "db1 db1.corp.example.org x.y.CORP.example.org example.org"
    )
    assert "corp" not in got.lower()
    assert got.endswith(" example.org")
    first, second, *_ = got.split()
    assert second.startswith(first + ".dom-")


@pytest.mark.parametrize(
    "line",
    [
        "Accepted publickey for alice from 192.0.2.7 port 50312 ssh2",
        "Failed password for invalid user alice from 192.0.2.7 port 1 ssh2",
        "pam_unix(cron:session): session opened for user alice(uid=1000) by (uid=0)",
        "systemd-logind[1]: New session 12 of user alice.",
        "pam_unix(sshd:auth): authentication failure; ruser= rhost=192.0.2.7  user=alice",
        "sudo[12]:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id",
        "uid=1000(alice) gid=1000(alice) groups=1000(alice),27(sudo)",
        "drwx------ 2 root root 4096 /home/alice/.ssh",
    ],
)
def test_users_are_learned_where_a_log_names_them(line: str) -> None:
    got = Anonymiser(KEY).anonymise(line + "\nalice alicent")
    assert "alice " not in got
    assert "alice(" not in got
    assert got.endswith(" alicent")


def test_lines_stay_in_their_places_and_stand_ins_are_not_learned_as_names() -> None:
    anonymiser = Anonymiser(KEY, hosts=["web7"], users=["alice"])
    text = "Jul 07 01:02:48 web7 sshd[1]: Accepted publickey for alice from 192.0.2.7 port 1 ssh2\n\nweb7\n"
    once = anonymiser.anonymise(text)
    assert once.count("\n") == text.count("\n")
    assert anonymiser.anonymise(once) == once


def test_an_earlier_text_is_brought_up_to_date_when_a_name_becomes_known() -> None:
    anonymiser = Anonymiser(KEY)
    early = anonymiser.anonymise("ping web7.corp.example.org from 10.1.2.3")
    assert "web7" in early
    anonymiser.learn(hosts=["web7.corp.example.org"])
    late = anonymiser.hide_names(early)
    assert "web7" not in late
    assert "corp" not in late
    assert late.split()[-1] == early.split()[-1]


def test_what_was_given_out_in_this_run_can_be_turned_back_and_nothing_else() -> None:
    anonymiser = Anonymiser(KEY, hosts=["db1.corp.example.org"], users=["alice"])
    text = (
        "db1.corp.example.org db1 alice 8.8.4.9 10.1.2.3 2a01:4f8:1::9 52:54:00:12:34:56 x.corp.example.org"
    )
    assert anonymiser.reveal(anonymiser.anonymise(text)) == text
    assert anonymiser.reveal("host-000000 245.1.2.3") == "host-000000 245.1.2.3"
