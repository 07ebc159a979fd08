"""tai on networks as they are: bastions that alone reach the hosts behind them, two deep, with real OpenSSH servers.

Each test runs the command inside the client's own namespace, where the inner hosts have no route. What is told apart here
end to end stands in small in `tests/transport`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from tests.netlab import Lab, Node, lab
from tests.run_tai import Tai, events, of_kind, tai
from tests.sshd import ClientHome, Sshd, SshdFactory, client_home, make_key, public_of, sshd_factory

__all__ = ["client_home", "sshd_factory", "tai"]

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Site:
    """client — bastion — gate — innermost, and a second host beside the gate; each cable a network of its own."""

    tai: Tai
    client: Node
    nodes: dict[str, Node]
    servers: dict[str, Sshd]
    keys: dict[str, Path]
    uplink: str

    def server(self, name: str) -> Sshd:
        return self.servers[name]


@pytest.fixture
def network() -> Iterator[Lab]:
    with lab() as made:
        yield made


@pytest.fixture
def site(network: Lab, tai: Tai, client_home: ClientHome, sshd_factory: SshdFactory, tmp_path: Path) -> Site:
    client = network.node("client")
    nodes = {name: network.node(name) for name in ("bastion", "gate", "second", "innermost")}
    _, uplink = network.cable(client, "192.0.2.2/24", nodes["bastion"], "192.0.2.1/24")
    network.cable(nodes["bastion"], "198.51.100.1/28", nodes["gate"], "198.51.100.2/28")
    network.cable(nodes["bastion"], "198.51.100.17/28", nodes["second"], "198.51.100.18/28")
    network.cable(nodes["gate"], "203.0.113.1/24", nodes["innermost"], "203.0.113.2/24")
    # Its own port, user's key and known_hosts for each hop, as a site that has grown has them.
    addresses = {
        "bastion": ("192.0.2.1", 22),
        "gate": ("198.51.100.2", 2222),
        "second": ("198.51.100.18", 22),
        "innermost": ("203.0.113.2", 22022),
    }
    keys, servers, config = {}, {}, []
    for name, (address, port) in addresses.items():
        keys[name] = make_key(client_home.ssh / f"key-{name}")
        servers[name] = sshd_factory(
            authorized=[Path(f"{keys[name]}.pub")], inside=nodes[name].inside, address=address, port=port
        )
        jump = {"gate": "bastion", "second": "bastion", "innermost": "gate"}.get(name, "none")
        config.append(
            f"Host {name}\n HostName {address}\n Port {port}\n ProxyJump {jump}\n IdentityFile {keys[name]}\n"
            f" IdentitiesOnly yes\n UserKnownHostsFile {client_home.ssh}/known-{name}\n"
        )
    client_home.configure("".join(config))
    inside = replace(tai, inside=tuple(client.inside))
    return Site(inside, client, nodes, servers, keys, uplink)


def _no_request_but_commands(server: Sshd) -> None:
    for request in ("pty-req", "x11-req", "auth-agent-req", "tcpip-forward", "subsystem", "env"):
        assert f"request {request}" not in server.log, request


def test_the_inner_hosts_cannot_be_reached_without_the_bastion(site: Site) -> None:
    for address in ("198.51.100.2", "203.0.113.2"):
        with pytest.raises(subprocess.CalledProcessError):
            site.client.run("ip", "route", "get", address)


def test_two_deep_each_hop_with_its_own_key_port_and_known_hosts(site: Site) -> None:
    done = site.tai("collect", "innermost", "uptime", "--json")
    assert done.returncode == 0, done.stderr
    (connected,) = of_kind(events(done.stdout), "host_connected")
    assert [hop.split("@")[1] for hop in connected["host"]["via"]] == ["bastion:22", "gate:2222"]
    for name in ("bastion", "gate", "innermost"):
        assert site.server(name).logins == 1
        assert site.server(name).host_public in (site.tai.home.ssh / f"known-{name}").read_text()
        _no_request_but_commands(site.server(name))
    # Jump hosts forward one connection and run nothing.
    for name in ("bastion", "gate"):
        assert "request exec" not in site.server(name).log
        assert site.server(name).log.count("server_request_direct_tcpip") == 1


def test_all_hosts_of_the_site_share_one_login_at_each_hop(site: Site) -> None:
    done = site.tai("collect", "innermost", "second", "gate", "bastion", "uptime", "--json")
    assert done.returncode == 0, done.stderr
    assert {name: server.logins for name, server in site.servers.items()} == dict.fromkeys(site.servers, 1)
    for server in site.servers.values():
        server.wait_until_idle()


def test_a_jump_list_by_flag_goes_the_same_way(site: Site) -> None:
    site.tai.home.configure("")
    user = site.server("gate").user
    keys = [word for key in site.keys.values() for word in ("-i", str(key))]
    way = f"{user}@192.0.2.1,{user}@198.51.100.2:2222"
    done = site.tai("collect", "203.0.113.2", "uptime", "-p", "22022", "-J", way, *keys, "--json")
    assert done.returncode == 0, done.stderr
    assert site.server("innermost").logins == 1


@pytest.mark.parametrize("hop", ["bastion", "gate", "innermost"])
def test_a_changed_key_at_any_hop_stops_there(site: Site, hop: str, tmp_path: Path) -> None:
    site.tai("collect", "innermost", "uptime")
    before = {name: server.logins for name, server in site.servers.items()}
    known = site.tai.home.ssh / f"known-{hop}"
    other = make_key(tmp_path / "other")
    known.write_text(" ".join([known.read_text().split()[0], *public_of(other).split()[:2]]) + "\n")
    done = site.tai("collect", "innermost", "uptime")
    assert done.returncode == 3
    for words in ("host key has changed", "man in the middle", f"{known}:1", "SHA256:"):
        assert words in done.stderr
    assert ("at jump host" in done.stderr) == (hop != "innermost")
    names = list(site.servers)
    beyond = names[names.index(hop) :] if hop != "gate" else ["gate", "innermost"]
    for name in beyond:
        assert site.server(name).logins == before[name], f"{name} was logged in to behind a changed key"


def test_a_revoked_key_at_a_hop_stops_although_it_is_on_record(site: Site) -> None:
    gate = site.server("gate")
    (site.tai.home.ssh / "known-gate").write_text(
        f"[198.51.100.2]:2222 {gate.host_public}\n@revoked * {gate.host_public}\n"
    )
    done = site.tai("collect", "innermost", "uptime")
    assert done.returncode == 3
    assert "is revoked" in done.stderr
    assert gate.logins == 0


def test_hosts_signed_by_an_authority_pass_without_a_line_of_their_own(site: Site, tmp_path: Path) -> None:
    authority = make_key(tmp_path / "authority")
    signed = {name: site.server(name) for name in ("gate", "innermost")}
    for name, server in signed.items():
        address = server.address
        words = [
            "ssh-keygen",
            "-q",
            "-s",
            str(authority),
            "-I",
            name,
            "-h",
            "-n",
            address,
            f"{server.host_key}.pub",
        ]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        config = server.directory / "sshd_config"
        config.write_text(config.read_text() + f"HostCertificate {server.host_key}-cert.pub\n")
        server.process.send_signal(1)  # read the configuration again
        server.wait_for_log("Received SIGHUP; restarting.")
        (site.tai.home.ssh / f"known-{name}").write_text(f"@cert-authority * {public_of(authority)}")
    done = site.tai("collect", "innermost", "uptime")
    assert done.returncode == 0, done.stderr
    assert all(server.logins == 1 for server in signed.values())


@contextmanager
def _under_way(site: Site, folder: Path, host: str, **settings: str) -> Iterator[Popen[str]]:
    """tai collecting from a host something slow and then something quick, up to the first lines of the slow one."""
    collectors = folder / "collectors"
    collectors.mkdir()
    probes = {"slow": ["vmstat", "1", "8"], "quick": ["uname", "-s"]}
    (collectors / "lab.toml").write_text(
        'name = "lab"\ntitle = "Lab"\ncategory = "lab"\n'
        + "".join(
            f'[[probe]]\nid = "{name}"\ntitle = "{name}"\nargv = {json.dumps(argv)}\ndepth = "vital"\n'
            for name, argv in probes.items()
        )
    )
    process = Popen(
        site.tai.words("collect", host, "slow", "quick", "--json"),
        env={**site.tai.environment, "TAI_COLLECTORS_DIR": str(collectors), "TAI_CHANNELS": "1", **settings},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if '"kind":"command_sent"' in line:
                break
        else:
            pytest.fail(process.communicate()[1])
        # The probe, and then the command itself.
        site.server(host).wait_for_log("Starting session: command", times=2)
        _wait_for(lambda: _commands(site, host, "vmstat"))
        time.sleep(1.5)  # vmstat prints its first lines at once and one more each second
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _commands(site: Site, host: str, program: str) -> list[int]:
    """The processes of this name that run in a host's network."""
    pids = subprocess.run(
        ["ip", "netns", "pids", site.nodes[host].name], check=True, capture_output=True, text=True
    ).stdout.split()
    found = []
    for pid in pids:
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text() == f"{program}\n":
                found.append(int(pid))
    return found


def _wait_for(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def _by_probe(text: str) -> dict[str, dict[str, Any]]:
    seen = [event["observation"] for event in of_kind(events(text), "observation_made")]
    return {observation["probe"]: observation for observation in seen}


def test_a_session_that_is_cut_in_the_middle_keeps_what_came_and_the_rest_goes_over_a_new_login(
    site: Site, tmp_path: Path
) -> None:
    with _under_way(site, tmp_path, "second") as process:
        # The sessions, not the servers: as when a firewall forgets the connection.
        for name in ("bastion", "second"):
            for child in site.server(name).serving:
                os.kill(child, signal.SIGKILL)
        rest, said = process.communicate(timeout=40)
    seen = _by_probe(rest)
    assert (seen["slow"]["outcome"], seen["slow"]["exit"]) == ("disconnected", None)
    assert "swpd" in seen["slow"]["text"]
    assert (seen["quick"]["outcome"], seen["quick"]["text"].strip()) == ("ok", "Linux"), said
    assert {name: site.server(name).logins for name in ("bastion", "second")} == {"bastion": 2, "second": 2}
    _wait_for(lambda: not _commands(site, "second", "vmstat"))


def test_a_cable_that_is_pulled_in_the_middle_is_noticed_without_a_word_from_the_host(
    site: Site, tmp_path: Path
) -> None:
    config = site.tai.home.ssh / "config"
    config.write_text(
        config.read_text() + "Host *\n ServerAliveInterval 1\n ServerAliveCountMax 2\n ConnectTimeout 2\n"
    )
    with _under_way(site, tmp_path, "second") as process:
        site.nodes["bastion"].run("ip", "link", "set", site.uplink, "down")
        rest, _ = process.communicate(timeout=50)
    seen = _by_probe(rest)
    assert (seen["slow"]["outcome"], seen["slow"]["exit"]) == ("disconnected", None)
    assert "swpd" in seen["slow"]["text"]
    assert (seen["quick"]["outcome"], seen["quick"]["text"]) == ("disconnected", "")
    # The host heard nothing either; the command there ends all the same.
    _wait_for(lambda: not _commands(site, "second", "vmstat"))
    site.nodes["bastion"].run("ip", "link", "set", site.uplink, "up")
    assert site.tai("collect", "second", "uptime").returncode == 0


def test_an_interrupt_leaves_nothing_on_the_host_nor_on_the_way(site: Site, tmp_path: Path) -> None:
    with _under_way(site, tmp_path, "innermost") as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
    _wait_for(lambda: not _commands(site, "innermost", "vmstat"))
    for name in ("bastion", "gate", "innermost"):
        site.server(name).wait_until_idle()


@pytest.mark.parametrize("hop", ["bastion", "gate", "innermost"])
def test_a_hop_that_hangs_in_the_login_is_named_and_left_in_time(site: Site, hop: str) -> None:
    assert site.tai("collect", "innermost", "uptime").returncode == 0
    server = site.server(hop)
    before = server.log.count("SSH2_MSG_KEXINIT sent")
    process = Popen(
        site.tai.words("collect", "innermost", "uptime"),
        env={**site.tai.environment, "TAI_LOGIN_TIMEOUT": "3"},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )
    server.wait_for_log("SSH2_MSG_KEXINIT sent", times=before + 1)
    frozen = server.serving
    for child in frozen:
        os.kill(child, signal.SIGSTOP)
    _, said = process.communicate(timeout=40)
    for child in frozen:
        os.kill(child, signal.SIGCONT)
    assert process.returncode == 3
    assert "within 3 s" in said
    assert (f"at jump host {hop}" in said) == (hop != "innermost"), said
    for name in site.servers:
        site.server(name).wait_until_idle()


def test_a_bastion_that_only_forwards_is_enough(
    network: Lab, tai: Tai, client_home: ClientHome, sshd_factory: SshdFactory
) -> None:
    client, bastion, inner = (network.node(name) for name in ("client", "bastion", "inner"))
    network.cable(client, "192.0.2.2/24", bastion, "192.0.2.1/24")
    network.cable(bastion, "198.51.100.1/24", inner, "198.51.100.2/24")
    strict = (
        "ForceCommand /bin/false",
        "MaxSessions 0",
        "PermitTTY no",
        "AllowTcpForwarding local",
        "PermitOpen 198.51.100.2:22",
        "AllowAgentForwarding no",
        "AllowStreamLocalForwarding no",
    )
    gate = sshd_factory(*strict, inside=bastion.inside, address="192.0.2.1", port=22)
    host = sshd_factory(inside=inner.inside, address="198.51.100.2", port=22)
    client_home.configure("Host inner\n HostName 198.51.100.2\n ProxyJump 192.0.2.1\n")
    done = replace(tai, inside=tuple(client.inside))("collect", "inner", "uptime", "--json")
    assert done.returncode == 0, done.stderr
    assert (gate.logins, host.logins) == (1, 1)
    _no_request_but_commands(gate)


def test_several_runs_at_once_at_a_server_with_few_places_for_logins_all_get_in(
    network: Lab, tai: Tai, client_home: ClientHome, sshd_factory: SshdFactory
) -> None:
    client, host = network.node("client"), network.node("host")
    network.cable(client, "192.0.2.2/24", host, "192.0.2.1/24")
    server = sshd_factory("MaxStartups 2:50:4", inside=host.inside, address="192.0.2.1", port=22)
    inside = replace(tai, inside=tuple(client.inside))
    runs = [
        Popen(
            inside.words("collect", "192.0.2.1", "uptime"), env=inside.environment, stdout=PIPE, stderr=PIPE
        )
        for _ in range(8)
    ]
    for run in runs:
        _, said = run.communicate(timeout=50)
        assert run.returncode == 0, said.decode()
    assert server.logins == len(runs)
    # They met a new host at the same time, too: one line, written once. (Its name may be hashed, as Debian's ssh_config asks.)
    (line,) = client_home.known_hosts.read_text().splitlines()
    assert line.endswith(f" {server.host_public}")


def test_many_hosts_at_a_server_with_few_places_for_logins_all_get_in(
    network: Lab, tai: Tai, client_home: ClientHome, sshd_factory: SshdFactory
) -> None:
    client, crowd = network.node("client"), network.node("crowd")
    network.cable(client, "192.0.2.254/24", crowd, "192.0.2.1/24")
    names = [f"host{n}" for n in range(1, 25)]
    (end,) = re.findall(r"\d+: (tai\w+)@", crowd.run("ip", "link", "show", "type", "veth"))
    for n in range(2, 25):
        crowd.run("ip", "address", "add", f"192.0.2.{n}/24", "dev", end)
    server = sshd_factory("MaxStartups 2:50:4", inside=crowd.inside, address="0.0.0.0", port=22)
    client_home.configure(
        "".join(f"Host host{n}\n HostName 192.0.2.{n}\n" for n in range(1, 25)) + "Host *\n Port 22\n"
    )
    done = replace(tai, inside=tuple(client.inside))("collect", *names, "--collect", "uptime", "--json")
    assert done.returncode == 0, done.stderr
    assert server.logins == len(names)
    connected = of_kind(events(done.stdout), "host_connected")
    assert {event["host"]["name"] for event in connected} == set(names)
