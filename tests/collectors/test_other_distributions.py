"""The parsers and signatures of network, sockets, names, time and logins over outputs of RHEL, SUSE, Ubuntu and others.

The outputs are read from the shared folder in TAI_DATA and skipped by name where that is absent: none is kept here.
"""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.parsers import parse
from tests.collectors.test_golden import CATALOG, DATA

SUBJECTS = {"network", "sockets", "dns", "firewall", "time", "tls", "authentication", "changes"}
OWN = {s.id for c in CATALOG.collectors if c.name in SUBJECTS for s in c.signatures}


@pytest.fixture(scope="module")
def samples() -> dict[tuple[str, str], str]:
    """Red Hat's samples: (test file, name) → text."""
    source = DATA / "outputs" / "insights-samples.json.xz"
    if not source.exists():
        pytest.skip("TAI_DATA/outputs/insights-samples.json.xz is not here")
    items = json.loads(lzma.decompress(source.read_bytes()))
    return {(Path(item["file"]).name, item["name"]): item["text"] for item in items}


@pytest.fixture(scope="module")
def fixtures() -> dict[str, str]:
    """jc's fixtures: `centos-7.7/ntpq-p.out` → text."""
    archive = DATA / "outputs" / "jc-fixtures.tar.xz"
    if not archive.exists():
        pytest.skip("TAI_DATA/outputs/jc-fixtures.tar.xz is not here")
    texts: dict[str, str] = {}
    with tarfile.open(fileobj=BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
        for member in tar:
            if member.isfile() and (file := tar.extractfile(member)):
                texts[member.name.partition("fixtures/")[2]] = file.read().decode("utf-8", "replace")
    return texts


def findings(text: str, label: str = "journalctl") -> set[str]:
    """Signatures of these subjects that fit a text which somebody attached, those of severity info left out."""
    seen = Observation(
        id="E1", host="h", collector="", probe="", label=label, argv=(), outcome=Outcome.OK, text=text
    )
    return {f.signature for f in inspect(CATALOG, [seen]) if f.severity != "info"} & OWN


@pytest.mark.parametrize(
    ("file", "prefix", "parser", "least"),
    [
        ("test_bond.py", "BONDINFO_MODE", "bonding", 3),
        ("test_bond.py", "BOND_MODE_4", "bonding", 3),
        ("test_ip.py", "IP_ROUTE_SHOW_TABLE_ALL_TEST", "routes", 3),
        ("test_ip.py", "IPV4_NEIGH_CONTEXT", "neighbours", 7),
        ("test_ip.py", "IP_NEIGH_SHOW", "neighbours", 14),
        ("test_netstat.py", "SS_T", "sockets", 8),
        ("test_netstat.py", "NETSTAT_MATCH", "sockets", 3),
        ("test_ntp_sources.py", "chrony_output", "time-sources", 3),
        ("test_ntp_sources.py", "ntpd_", "time-sources", 1),
        ("test_sockstat.py", "SOCK_STATS", "sockstat", 1),
        ("test_resolv_conf.py", "RESOLVCONF", "resolv-conf", 2),
        ("test_iptables.py", "IP", "firewall-rules", 10),
    ],
)
def test_red_hat_outputs_parse(
    samples: dict[tuple[str, str], str], file: str, prefix: str, parser: str, least: int
) -> None:
    texts = [text for (where, name), text in samples.items() if where == file and name.startswith(prefix)]
    assert texts
    for text in texts:
        rows = parse(parser, text)
        assert len(rows) >= least
        assert all(text.split("\n")[row["_line"] - 1].strip() for row in rows)


def _ports(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["local_port"]) for row in rows if str(row.get("local_port", "")).isdigit()]


def test_listening_sockets_agree_with_published_truth(fixtures: dict[str, str]) -> None:
    name = "ubuntu-18.04/ss-sudo-tulpen"
    rows = parse("sockets", fixtures[name + ".out"])
    assert [row["port"] for row in rows] == [
        int(row.get("local_port_num", row.get("local_port", 0)))
        for row in json.loads(fixtures[name + ".json"])
    ]


@pytest.mark.parametrize("name", ["centos-7.7/ntpq-pn", "ubuntu-18.04/ntpq-pn"])
def test_time_servers_of_ntpq_agree_with_published_truth(fixtures: dict[str, str], name: str) -> None:
    truth = [
        (row["remote"], row["reach"] > 0)
        for row in json.loads(fixtures[name + ".json"])
        if row["refid"] != ".POOL."
    ]
    assert [(row["name"], row["answers"]) for row in parse("time-sources", fixtures[name + ".out"])] == truth


@pytest.mark.parametrize("name", ["centos-7.7/ip_route", "ubuntu-18.04/ip_route"])
def test_routes_agree_with_published_truth(fixtures: dict[str, str], name: str) -> None:
    truth = [(row["ip"], row.get("via", ""), row["dev"]) for row in json.loads(fixtures[name + ".json"])]
    rows = parse("routes", fixtures[name + ".out"])
    assert [(row["destination"], row["via"], row["link"]) for row in rows] == truth


def test_accounts_of_other_distributions_have_shells_and_homes(fixtures: dict[str, str]) -> None:
    for name in (name for name in fixtures if name.endswith("passwd.out")):
        assert all({"username", "home", "shell"} <= row.keys() for row in parse("jc:passwd", fixtures[name]))


HEALTHY: list[tuple[str, Callable[[str], bool]]] = [
    ("ip address show", lambda name: "ip_address" in name),
    ("ss -tulpen", lambda name: "/ss-" in name),
    ("ip route show", lambda name: "/ip_route" in name),
    ("ntpq -p", lambda name: "/ntpq" in name),
    ("journalctl", lambda name: Path(name).name.startswith(("ps-", "systemctl", "mount", "last", "uptime"))),
]


def test_hosts_in_good_health_show_no_fault_of_these_subjects(fixtures: dict[str, str]) -> None:
    found = {
        (name, signature)
        for label, chosen in HEALTHY
        for name, text in fixtures.items()
        if name.endswith(".out") and chosen(name)
        for signature in findings(text, label)
    }
    assert found == set()


# Samples that hold a fault, and which it is; every other sample of a log must be quiet.
FAULTS = {
    "FOREMAN_SSL_ERROR_SSL_LOG": "upstream-timeout",
    "INSTANCE_001": "address-not-here",
    "INSTANCE_002": "address-not-here",
    "LOG1": "name-resolution",
    "LOG2": "certificate-untrusted",
    "REPORT_1": "selinux-denied",
    "MSGINFO": "session-failed",
}


def test_red_hat_logs_show_the_faults_that_they_hold_and_no_others(
    samples: dict[tuple[str, str], str],
) -> None:
    seen: dict[str, set[str]] = {}
    for (file, name), text in samples.items():
        if "log" in file or file in {
            "test_messages.py",
            "test_secure.py",
            "test_dmesg.py",
            "test_sealert.py",
        }:
            seen.setdefault(name, set()).update(findings(text))
    for name, signature in FAULTS.items():
        assert signature in seen[name], name
    quiet = {name: found for name, found in seen.items() if found and name not in FAULTS}
    assert set(quiet) <= {"LOG3", "REPORT_2"}, quiet


def test_haystack_of_a_cloud_host_shows_no_fault_of_these_subjects() -> None:
    archive = DATA / "hosts" / "sosreport-compute4.tar.xz"
    if not archive.exists():
        pytest.skip("TAI_DATA/hosts/sosreport-compute4.tar.xz is not here")
    texts: list[str] = []
    with tarfile.open(fileobj=BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
        for member in tar:
            if member.isfile() and "journalctl" in member.name and (file := tar.extractfile(member)):
                texts.append(file.read().decode("utf-8", "replace"))
    assert any(len(text) > 1_000_000 for text in texts)
    for text in texts:
        assert findings(text) == set()
