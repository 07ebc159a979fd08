"""`tai doctor` as a user runs it: on this machine, and on the way to a real sshd."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.run_tai import Tai, tai
from tests.sshd import IS_ROOT, ClientHome, SshdFactory, client_home, free_port, make_key, sshd_factory

__all__ = ["client_home", "sshd_factory", "tai"]


def lines(text: str) -> dict[str, list[str]]:
    """What was looked at → the lines about it."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        verdict, what, rest = line[:4].strip(), line[6:17].strip(), line[19:]
        found.setdefault(what, []).append(f"{verdict} {rest}")
    return found


def test_without_a_host_this_machine_is_looked_at(tai: Tai, client_home: ClientHome) -> None:
    done = tai("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    told = lines(done.stdout)
    assert told["key"] == [f"ok {client_home.key}"]
    assert told["config"][0].startswith("ok the built-in settings")
    assert told["model"][0].startswith("ok none is configured")
    client_home.key.chmod(0o644)
    assert "are too open" in lines(tai("doctor").stdout)["key"][0]


def test_what_fails_is_named_with_a_remedy_and_the_status_is_3(tai: Tai, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("budget = 'x'\n")
    done = tai("doctor", "--config", str(config))
    assert done.returncode == 3
    assert done.stdout.startswith("fail  config")
    assert "config.toml:1: budget" in done.stdout
    config.write_text(f'model_url = "http://127.0.0.1:{free_port()}/v1"\n')
    done = tai("doctor", "--config", str(config), "-i", str(tmp_path / "none"))
    assert done.returncode == 3
    told = lines(done.stdout)
    assert told["key"][0] == f"fail {tmp_path / 'none'}: there is no such file  → Correct -i."
    assert told["model"][0].startswith("warn The model server at http://127.0.0.1")


@pytest.mark.skipif(not IS_ROOT, reason="another account's login needs root and unshare")
def test_a_host_is_looked_at_step_by_step_and_only_id_is_run_there(
    tai: Tai, sshd_factory: SshdFactory
) -> None:
    server = sshd_factory(user="nobody")
    done = tai("doctor", *tai.at(server), "-l", "nobody")
    assert done.returncode == 0, done.stdout
    told = lines(done.stdout)
    for step in ("resolve", "dns", "tcp", "exchange", "host key", "login", "probe", "sandbox", "tools"):
        assert told[step][0].startswith("ok "), done.stdout
    assert "fsize" in told["sandbox"][0]
    assert all("without " in line for line in told["sandbox"][1:])
    assert told["privileges"][0].startswith("warn not root, and in none of the groups")
    assert "usermod -a -G systemd-journal,adm nobody" in told["privileges"][0]
    assert told["sudo"][0].startswith("ok off.")
    recorded = [json.loads(line) for line in tai.records[0].read_text().splitlines()]
    assert [event["argv"] for event in recorded if event["kind"] == "command_sent"] == [["id"]]


@pytest.mark.slow  # several servers, one after the other
def test_the_step_that_fails_is_the_last_line(tai: Tai, sshd_factory: SshdFactory, tmp_path: Path) -> None:
    first = sshd_factory()
    assert tai("doctor", *tai.at(first)).returncode == 0
    first.stop()
    assert tai("doctor", *tai.at(first)).stdout.splitlines()[-1].startswith("fail  tcp ")
    second = sshd_factory(port=first.port, host_key=make_key(tmp_path / "other"))
    done = tai("doctor", *tai.at(second))
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].startswith("fail  host key     its host key has changed")
    assert second.logins == 0


def test_each_hop_of_a_jump_chain_is_told_by_itself(tai: Tai, sshd_factory: SshdFactory) -> None:
    bastion, inner = sshd_factory(), sshd_factory()
    tai.home.configure(
        f"Host bastion inner\n HostName 127.0.0.1\n ForwardAgent yes\nHost bastion\n Port {bastion.port}\n"
        f"Host inner\n Port {inner.port}\n ProxyJump bastion\n"
    )
    done = tai("doctor", "inner")
    told = lines(done.stdout)
    for step in ("tcp", "exchange", "host key", "login"):
        assert [line.split(": ")[0] for line in told[step]] == [
            "ok hop 1 of 2, bastion",
            "ok hop 2 of 2, inner",
        ], done.stdout
    assert told["ssh config"] == [
        f"warn {name}: tai does not do what is set here: forwardagent yes" for name in ("bastion", "inner")
    ]
    inner.stop()
    done = tai("doctor", "inner")
    assert done.returncode == 3
    last = done.stdout.splitlines()[-1]
    assert last.startswith("fail  tcp          hop 2 of 2, inner: the jump host bastion could not connect"), (
        last
    )
    assert "→" in last


def test_a_name_without_an_address_ends_the_walk_with_what_to_do(tai: Tai) -> None:
    done = tai("doctor", "no-such-host.invalid")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].startswith("fail  dns          no-such-host.invalid: ")
