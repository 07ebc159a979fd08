"""`tai` as a user runs it, against a real OpenSSH server on this machine, reading this machine's real state."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tai import record
from tests.run_tai import TICKET, Tai, events, of_kind, refused, tai
from tests.sshd import (
    IS_ROOT,
    Sshd,
    SshdFactory,
    client_home,
    free_port,
    make_key,
    sshd,
    sshd_factory,
)

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]


def test_a_ticket_becomes_a_diagnosis_of_the_real_machine(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--json")
    assert done.returncode in (0, 4), done.stderr
    stream = events(done.stdout)
    assert [event["seq"] for event in stream] == list(range(1, len(stream) + 1))
    assert stream[0]["kind"] == "session_started"
    assert [event["kind"] for event in stream[-2:]] == ["diagnosed", "session_ended"]
    assert stream[-1]["exit_code"] == done.returncode

    ticket = of_kind(stream, "ticket_parsed")[0]["ticket"]
    assert ticket["subjects"]["units"] == ["nginx"]
    assert ticket["subjects"]["ports"] == [8080]
    assert ticket["window"]["since"]

    # Each planned command was recorded before its observation, and made exactly one.
    planned = [step["n"] for event in of_kind(stream, "plan_made") for step in event["steps"]]
    observed = {event["n"]: event for event in of_kind(stream, "observation_made")}
    assert sorted(observed) == sorted(planned)
    assert len(planned) >= 20
    for event in of_kind(stream, "command_sent"):
        if event["n"]:
            assert event["seq"] < observed[event["n"]]["seq"]

    # This machine's own disks and kernel are in the evidence.
    seen = [event["observation"] for event in observed.values()]
    df = next(each for each in seen if each["argv"][0] == "df" and "-i" not in each["argv"])
    assert df["outcome"] == "ok"
    assert re.search(r" /$", df["text"], re.MULTILINE)
    assert of_kind(stream, "host_connected")[0]["host"]["facts"]["kernel"] == os.uname().release

    # Every line that is quoted stands in the observation that it names.
    texts = {each["id"]: each["text"].split("\n") for each in seen}
    diagnosis = stream[-2]["diagnosis"]
    quotes = [quote for claim in diagnosis["claims"] for quote in claim["quotes"]]
    for quote in quotes:
        assert texts[quote["observation"]][quote["line"] - 1] == quote["text"]
    assert diagnosis["engine"] == "deterministic"
    assert diagnosis["outcome"] != "root_cause" or quotes


def test_the_record_holds_the_whole_run_and_is_unbroken(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--json")
    lines = tai.records[0].read_text().splitlines()
    assert record.verify(lines) is None
    stripped = [
        {name: value for name, value in json.loads(line).items() if name != "chain"} for line in lines
    ]
    assert stripped == events(done.stdout)


def test_sshd_saw_one_login_no_terminal_and_no_forwarding(tai: Tai, sshd: Sshd) -> None:
    tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket())
    assert sshd.logins == 1
    for word in ("pty-req", "auth-agent-req", "x11-req", "direct-tcpip", "subsystem"):
        assert word not in sshd.log


def test_only_commands_of_the_plan_and_its_guard_reach_the_host(
    tai: Tai, sshd_factory: SshdFactory, tmp_path: Path
) -> None:
    log = tmp_path / "commands"
    gate = tmp_path / "gate.sh"
    gate.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$SSH_ORIGINAL_COMMAND" >> {log}\nexec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    gate.chmod(0o755)
    server = sshd_factory(f"ForceCommand {gate}")
    done = tai("diagnose", *tai.at(server), "--ticket", tai.ticket(), "--json")
    sent = [event["argv"] for event in of_kind(events(done.stdout), "command_sent")]
    arrived = [
        shlex.split(line) for line in log.read_text().splitlines() if line.startswith("exec /usr/bin/env -i ")
    ]
    for argv in sent:
        assert any(words[-len(argv) :] == argv for words in arrived) or any(
            "'\\!" in "".join(argv) for _ in argv
        )
    # One exec more than the recorded ones: the probe after login.
    assert len(log.read_text().split("exec /usr/bin/env -i")) - 1 <= len(sent) + 1


def test_the_plan_can_be_seen_before_anything_runs(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--show-plan", "--json")
    stream = events(done.stdout)
    assert done.returncode == 0
    assert of_kind(stream, "plan_made")
    assert not of_kind(stream, "command_sent")


def test_the_prompt_can_be_seen_without_asking_anybody(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--show-prompt")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[system]\n")
    assert "The web shop on this box" in done.stdout
    assert re.search(r"^E\d+:\d+\| ", done.stdout, re.MULTILINE)


def test_attached_evidence_alone_is_enough_for_a_diagnosis(tai: Tai, tmp_path: Path) -> None:
    table = "Filesystem     Type  Size  Used Avail Use% Mounted on\n/dev/vda1 ext4 20G 7.1G 12G 38% /\n/dev/vdb1 ext4 2.0G 2.0G 0 100% /srv/data\n"
    (tmp_path / "df.txt").write_text(table)
    ticket = tai.ticket("Uploads to /srv/data fail with an error since this morning.\n")
    done = tai(
        "diagnose", "--no-host", "--ticket", ticket, "--attach", f"df -hT={tmp_path / 'df.txt'}", "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    diagnosis = events(done.stdout)[-2]["diagnosis"]
    assert diagnosis["outcome"] == "root_cause"
    assert "/srv/data" in diagnosis["cause"]
    first = next(quote["text"] for claim in diagnosis["claims"] for quote in claim["quotes"])
    assert first == table.splitlines()[2]


def test_the_ticket_comes_from_standard_input_with_a_pipe(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), stdin=TICKET.encode())
    assert done.returncode in (0, 4)
    assert "no language model was used" in done.stdout


def test_evidence_can_be_collected_alone(tai: Tai, sshd: Sshd) -> None:
    done = tai("collect", *tai.at(sshd), "disk", "--json")
    assert done.returncode == 0
    stream = events(done.stdout)
    assert {event["observation"]["collector"] for event in of_kind(stream, "observation_made")} == {"disk"}
    assert not of_kind(stream, "diagnosed")


@pytest.mark.parametrize(
    ("piped", "attach", "told"),
    [
        (b"backup.service cannot write to /srv\n", "df -hT=df.txt", "backup.service cannot write to /srv"),
        (b"", "df -hT=df.txt", "No ticket was written"),
        (b"Filesystem Type Size Used Avail Use% Mounted on\n", "df -hT=-", "No ticket was written"),
    ],
)
def test_beside_what_is_attached_the_ticket_may_be_piped_in(
    tai: Tai, tmp_path: Path, piped: bytes, attach: str, told: str
) -> None:
    (tmp_path / "df.txt").write_text(
        "Filesystem Type Size Used Avail Use% Mounted on\n/dev/sda1 ext4 9G 4G 5G 45% /\n"
    )
    label = attach.replace("df.txt", str(tmp_path / "df.txt"))
    done = tai("diagnose", "--no-host", "--attach", label, "--json", stdin=piped)
    (ticket,) = of_kind(events(done.stdout), "ticket_parsed")
    assert told in ticket["ticket"]["text"]


# ------------------------------------------------------------------ what bad input gets


def test_a_ticket_that_is_missing_empty_or_not_text_is_a_clear_error(tai: Tai, tmp_path: Path) -> None:
    host = ["diagnose", "127.0.0.1", "--ticket"]
    refused(tai(*host, str(tmp_path / "none")), 2, "cannot be read: No such file or directory")
    refused(tai(*host, tai.ticket(" \n")), 2, "is empty")
    (tmp_path / "latin").write_bytes("Größe\nfällt aus".encode("latin-1"))
    refused(tai(*host, str(tmp_path / "latin")), 2, "is not UTF-8 text: byte 0xf6 in line 1", "iconv")
    (tmp_path / "large").write_bytes(b"x" * (50 * 2**20))
    refused(tai(*host, str(tmp_path / "large")), 2, "is larger than 2 MB")
    refused(tai("diagnose", "127.0.0.1", stdin=b""), 2, "is empty")


def test_a_ticket_without_a_host_says_how_to_name_one(tai: Tai) -> None:
    refused(
        tai("diagnose", "--ticket", tai.ticket("everything is slow\n")),
        2,
        "names no host",
        "tai diagnose HOST",
    )


def test_a_host_that_does_not_resolve(tai: Tai) -> None:
    done = tai("diagnose", "no-such-host.invalid", "--ticket", tai.ticket(), "--ignore-ssh-config")
    refused(done, 3, "no-such-host.invalid")
    assert done.stderr.count("no-such-host.invalid: ") == 1


def test_a_host_that_refuses(tai: Tai) -> None:
    done = tai(
        "diagnose", "127.0.0.1", "-p", str(free_port()), "--ticket", tai.ticket(), "--ignore-ssh-config"
    )
    refused(done, 3, "127.0.0.1", "refused")


def test_a_changed_host_key_stops_before_any_command(
    tai: Tai, sshd_factory: SshdFactory, tmp_path: Path
) -> None:
    first = sshd_factory()
    assert tai("collect", *tai.at(first), "disk").returncode == 0
    first.stop()
    second = sshd_factory(port=first.port, host_key=make_key(tmp_path / "other"))
    done = tai("diagnose", *tai.at(second), "--ticket", tai.ticket(), "--json")
    refused(done, 3, "known_hosts:1", "SHA256:")
    assert re.search(r"man[- ]in[- ]the[- ]middle", done.stderr, re.IGNORECASE)
    stream = events(done.stdout)
    assert not of_kind(stream, "command_sent")
    assert of_kind(stream, "host_failed")[0]["trusted"] is False
    assert second.logins == 0


def test_a_host_that_wants_a_password_is_told_apart(tai: Tai, sshd_factory: SshdFactory) -> None:
    server = sshd_factory("PubkeyAuthentication no", "PasswordAuthentication yes")
    refused(tai("diagnose", *tai.at(server), "--ticket", tai.ticket()), 3, "password", "key")


def test_a_broken_config_or_collector_names_file_and_line(tai: Tai, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("\nbugdet = 1\n")
    refused(
        tai("diagnose", "h", "--ticket", tai.ticket(), "--config", str(config)),
        2,
        "config.toml:2: bugdet",
        "did you mean budget?",
    )
    folder = tmp_path / "collectors"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        'name = "mine"\ntitle = "t"\ncategory = "c"\n[[probe]]\nid = "x"\ntitle = "t"\nargv = ["rm", "-rf", "/"]\n'
    )
    config.write_text(f'collectors_dir = "{folder}"\n')
    refused(tai("diagnose", "h", "--ticket", tai.ticket(), "--config", str(config)), 2, "mine.toml:", "rm")


def test_a_model_that_is_down_leaves_the_deterministic_diagnosis(tai: Tai, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(
        "2026-11-21T14:02:07 db-01 mariadbd[71]: Write failed: No space left on device\n"
    )
    words = [
        "--no-host",
        "--ticket",
        tai.ticket(),
        "--attach",
        f"journalctl -u mariadb={tmp_path / 'log.txt'}",
    ]
    done = tai("diagnose", *words, "--model-url", f"http://127.0.0.1:{free_port()}/v1", "--model", "m")
    assert done.returncode in (0, 4)
    assert "no language model was used" in done.stdout or "deterministic" in done.stdout
    assert "gave no usable answer" in done.stderr


def test_a_ticket_named_as_a_command_gets_a_hint(tai: Tai) -> None:
    refused(tai("diagnos"), 2, "Did you mean 'tai diagnose'?")
    refused(tai("web-01"), 2, "tai diagnose web-01")


# ------------------------------------------------------------------ stopping


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may use: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="tai-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def slow_server(sshd_factory: SshdFactory, folder: Path) -> tuple[Sshd, Path]:
    """A host where `df` hangs; its process id is written to the returned file.

    The login shell does it, because sshd passes no signals to forced commands, and the account is not root's, because
    it passes none to root's either: there the remote `timeout` is what ends a command (see tests/transport).
    """
    pid = folder / "slow.pid"
    shell = folder / "shell.sh"
    shell.write_text(
        '#!/bin/sh\ncase "$2" in\n'
        f"*\"'df'\"*) echo $$ > {pid}; echo Filesystem; exec sleep 300 ;;\n"
        '*) exec /bin/sh -c "$2" ;;\nesac\n'
    )
    shell.chmod(0o755)
    return sshd_factory(shell=str(shell), user="nobody" if IS_ROOT else None), pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_keeps_the_evidence_and_leaves_nothing_on_the_host(
    tai: Tai, sshd_factory: SshdFactory, open_folder: Path, number: signal.Signals
) -> None:
    server, pid = slow_server(sshd_factory, open_folder)
    words = tai.words("diagnose", *tai.at(server), "-l", server.user, "--ticket", tai.ticket())
    with subprocess.Popen(
        words, env=tai.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(
            lambda: (
                pid.exists()
                and pid.read_text().strip() != ""
                and any(b"observation_made" in each.read_bytes() for each in tai.records)
            )
        )
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert b"kept" in stderr
    lines = tai.records[0].read_text().splitlines()
    assert record.verify(lines) is None
    kinds = [json.loads(line)["kind"] for line in lines]
    assert "interrupted" in kinds
    assert kinds[-1] == "session_ended"
    wait_until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())


def wait_until(holds: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("what was waited for did not come")
        time.sleep(0.02)


def test_a_reader_that_goes_away_is_no_traceback(tai: Tai, sshd: Sshd) -> None:
    words = shlex.join(tai.words("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--json"))
    done = subprocess.run(
        ["sh", "-c", f"{words} | head -n 1"],
        capture_output=True,
        env=tai.environment,
        timeout=50,
        check=False,
    )
    assert json.loads(done.stdout)["kind"] == "session_started"
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
