"""Several hosts in one run, as a user does it: side by side, one bastion login, a dead host that costs only itself."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.run_tai import Tai, events, of_kind, refused, tai
from tests.sshd import Blackhole, SshdFactory, blackhole, client_home, free_port, sshd_factory

__all__ = ["blackhole", "client_home", "sshd_factory", "tai"]


def name_them(tai: Tai, **ports: int | tuple[int, str]) -> None:
    """Give test servers names in ~/.ssh/config: NAME=PORT, or NAME=(PORT, JUMP)."""
    lines = []
    for name, way in ports.items():
        port, jump = way if isinstance(way, tuple) else (way, "none")
        lines.append(f"Host {name}\n HostName 127.0.0.1\n Port {port}\n ProxyJump {jump}\n")
    tai.home.configure("".join(lines))


def test_three_hosts_behind_a_bastion_are_collected_in_one_run(tai: Tai, sshd_factory: SshdFactory) -> None:
    bastion, one, two = sshd_factory(), sshd_factory(), sshd_factory()
    name_them(tai, bastion=bastion.port, one=(one.port, "bastion"), two=(two.port, "bastion"))
    done = tai("collect", "one", "two", "bastion", "disk", "--json")
    assert done.returncode == 0, done.stderr
    stream = events(done.stdout)
    for event in of_kind(stream, "plan_made"):
        assert {step["collector"] for step in event["steps"]} <= {"disk"}
    assert {event["host"]["name"] for event in of_kind(stream, "host_connected")} == {"one", "two", "bastion"}
    assert len({event["session"] for event in stream}) == len(tai.records) == 3
    for session in {event["session"] for event in stream}:
        own = [event for event in stream if event["session"] == session]
        assert [event["seq"] for event in own] == list(range(1, len(own) + 1))
        assert own[-1]["kind"] == "session_ended"
    # The bastion is a jump host and a host, and is logged in to once.
    assert [server.logins for server in (bastion, one, two)] == [1, 1, 1]


def test_what_each_host_said_stands_together_and_a_summary_last(tai: Tai, sshd_factory: SshdFactory) -> None:
    name_them(tai, one=sshd_factory().port, two=sshd_factory().port, gone=free_port())
    done = tai("collect", "one", "gone", "two", "disk")
    assert done.returncode == 3
    blocks = done.stderr.split("\nhosts\n")
    assert len(blocks) == 2
    assert "gone: 127.0.0.1 port" in blocks[0]
    assert blocks[0].count("connected ") == 2
    summary = blocks[1].splitlines()
    assert [line.split()[:2] for line in summary if line.strip()] == [
        ["one", "done"],
        ["gone", "not"],
        ["two", "done"],
    ]


def test_a_silent_host_delays_only_itself(tai: Tai, sshd_factory: SshdFactory, blackhole: Blackhole) -> None:
    name_them(tai, good=sshd_factory().port, silent=blackhole.listen())
    process = subprocess.Popen(
        tai.words("collect", "silent", "good", "disk", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**tai.environment, "TAI_LOGIN_TIMEOUT": "30"},
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"kind":"session_ended"' in line:
            break
    else:
        pytest.fail("no host was done while the silent one was waited for")
    assert '"exit_code":0' in line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize("word", ["dsik", "web_no_such"])
def test_a_word_that_is_no_collector_is_a_host(tai: Tai, sshd_factory: SshdFactory, word: str) -> None:
    name_them(tai, one=sshd_factory().port)
    done = tai("collect", "one", word)
    assert done.returncode == 3
    assert f"{word}: the name" in done.stderr


def test_a_collector_that_is_none_is_refused_before_anything_is_sent(
    tai: Tai, sshd_factory: SshdFactory
) -> None:
    server = sshd_factory()
    name_them(tai, one=server.port)
    refused(tai("collect", "one", "--collect", "dsik"), 2, "no collector or probe 'dsik'")
    assert "Connection from" not in server.log
