"""What a person is told about a command line."""

from __future__ import annotations

import pytest

from tai.policy import Tier, check


def test_reading_command_is_allowed() -> None:
    verdict = check(["uptime"])
    assert (verdict.decision, verdict.tier, verdict.argv) == ("allow", Tier.A, ("uptime",))
    assert verdict.command is not None
    assert verdict.command.argv == verdict.argv


def test_heavy_command_and_packets_ask() -> None:
    assert check(["du", "-sh", "/var/log"]).decision == "ask"
    verdict = check(["ping", "-c", "3", "10.0.0.5"])
    assert (verdict.decision, verdict.tier) == ("ask", Tier.C)
    assert "destination" in verdict.reason
    assert "ICMP" in verdict.reason


def test_refusal_keeps_the_words_and_has_no_command() -> None:
    verdict = check(["rm", "-rf", "/"])
    assert (verdict.decision, verdict.tier, verdict.command) == ("refuse", None, None)
    assert verdict.argv == ("rm", "-rf", "/")
    assert "changes files" in verdict.reason


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("dmesg -c", "dmesg"),
        ("mount -a", "mount"),
        ("iptables -L -Z", "iptables -L -n"),
        ("btrfs device stats -z /", "btrfs device stats -- /"),
        ("systemctl restart nginx", "systemctl status UNIT"),
        ("kubectl get secrets", "kubectl get pods -A"),
        ("cat /etc/shadow", "ls -l /etc/shadow"),
        ("nginx -t", "nginx -v"),
        ("vi /etc/hosts", "cat PATH"),
        ("strace -p 1", "cat /proc/PID/status"),
        ("/usr/bin/uptime", "uptime"),
        ("nosuchprogram -x", ""),
    ],
)
def test_refusal_offers_the_nearest_allowed_form(line: str, nearest: str) -> None:
    verdict = check(line.split())
    assert verdict.decision == "refuse"
    assert verdict.nearest == nearest


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("systemctl -H evil status", "runs ssh"),
        ("journalctl --vacuum-time=1d", "deletes journal files"),
        ("ss -K dst 10.0.0.5", "closes other programs' sockets"),
        ("find /tmp -delete", "deletes files"),
        ("ip link set lo down", "changes the network"),
        ("docker exec web id", "executes"),
    ],
)
def test_refusal_of_a_well_known_flag_says_what_it_does(line: str, why: str) -> None:
    assert why in check(line.split()).reason


def test_nearest_form_never_sends_packets() -> None:
    assert check(["getent", "hosts", "example.com", "--bad"]).nearest == "getent passwd USER"


def test_verdict_on_something_that_is_no_list_of_words_is_a_refusal() -> None:
    assert check([]).decision == "refuse"
    assert check("uptime").decision == "refuse"


def test_canonical_form_gets_the_same_verdict() -> None:
    first = check(["journalctl", "-fu", "nginx"])
    assert first.notes
    second = check(first.argv)
    assert (second.decision, second.argv, second.notes) == ("allow", first.argv, ())
