"""Sessions with the real command against a real sshd: killed at any moment, shown again, gone on with; and the one-liners."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tai.frontends.schema import schema
from tai.record import verify
from tests.frontends.terminal import Terminal
from tests.run_tai import TICKET, Tai, events, of_kind, refused, tai
from tests.sshd import Sshd, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]

pytestmark = pytest.mark.sshd


def lines_of(record: Path) -> list[dict[str, Any]]:
    """The finished lines of a record as `--json` tells them."""
    data = record.read_bytes()
    told = [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
    for each in told:
        del each["chain"]
    return told


def killed(tai: Tai, server: Sshd, after_s: float) -> Path:
    """The record of a run that was killed by SIGKILL so long after its record began."""
    before = set(tai.records)
    running = subprocess.Popen(
        tai.words("diagnose", *tai.at(server), "--ticket", tai.ticket()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=tai.environment,
    )
    try:
        while not (fresh := set(tai.records) - before) or not next(iter(fresh)).stat().st_size:
            assert running.poll() is None
            time.sleep(0.01)
        time.sleep(after_s)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    server.wait_until_idle()
    return next(iter(fresh))


def gone_on_with(tai: Tai, server: Sshd, record: Path) -> list[dict[str, Any]]:
    """The session's record after `tai resume` at a real prompt: one more look at the host, and out again."""
    session = record.parent.name
    with Terminal(
        ["-m", "tai", "resume", session], environment=tai.environment, columns=120, rows=40
    ) as terminal:
        terminal.expect(f"The session {session}")
        terminal.expect_prompt("deterministic")
        if not of_kind(lines_of(record), "host_connecting"):  # killed before it knew of any
            # The same ticket is looked into at once, where there is one already.
            terminal.send(f"/host {server.address}\r")
            terminal.expect_prompt(server.address)
        terminal.send("/run uname -s\r")
        terminal.expect("1  Linux")
        terminal.expect_prompt(server.address)
        terminal.send("\x04")
        assert terminal.exit_status() == 0
        assert "Traceback" not in terminal.everything
    return lines_of(record)


def prove_killed_session(tai: Tai, server: Sshd, after_s: float) -> None:
    record = killed(tai, server, after_s)
    told = lines_of(record)
    assert [line["seq"] for line in told] == list(range(1, len(told) + 1))
    again = tai("replay", record.parent.name, "--json")
    assert again.returncode == 0, again.stderr
    assert events(again.stdout) == told, "to the last event that was finished"
    assert "intact" in again.stderr
    seen = [line["observation"]["id"] for line in of_kind(told, "observation_made")]
    numbers = {int(name[1:]) for name in seen} | {
        step["n"] for plan in of_kind(told, "plan_made") for step in plan["steps"]
    }
    after = gone_on_with(tai, server, record)
    assert after[: len(told)] == told
    assert [line["seq"] for line in after] == list(range(1, len(after) + 1))
    assert after[len(told)]["kind"] == "session_resumed"
    fresh = of_kind(after[len(told) :], "observation_made")
    assert (fresh[-1]["observation"]["argv"], fresh[-1]["observation"]["text"]) == (
        ["uname", "-s"],
        "Linux\n",
    )
    if of_kind(told, "host_connecting"):
        assert [each["n"] for each in fresh] == [max(numbers, default=0) + 1], "its numbers go on"
    assert verify(record.read_text().splitlines()) is None
    assert after[-1]["kind"] == "session_ended"


def flags_in_config(tai: Tai, server: Sshd) -> None:
    """So that /host by name alone leads there too."""
    tai.home.configure(f"Host {server.address}\n Port {server.port}\n User {server.user}\n")


@pytest.mark.parametrize(
    "after_s", [pytest.param(0.0, marks=pytest.mark.slow), 0.7, pytest.param(1.6, marks=pytest.mark.slow)]
)
def test_a_killed_run_replays_to_its_last_event_and_goes_on(tai: Tai, sshd: Sshd, after_s: float) -> None:
    flags_in_config(tai, sshd)
    prove_killed_session(tai, sshd, after_s)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_runs_killed_at_twenty_random_moments_replay_and_go_on(tai: Tai, sshd: Sshd) -> None:
    flags_in_config(tai, sshd)
    seed = int(os.environ.get("TAI_TEST_SEED", time.time_ns() % 100_000))
    moments = random.Random(seed)
    for at in range(20):
        after_s = moments.uniform(0, 3)
        print(f"seed {seed}, run {at}: killed after {after_s:.3f} s")
        prove_killed_session(tai, sshd, after_s)


def test_a_session_goes_on_with_ticket_findings_conversation_and_facts(tai: Tai, sshd: Sshd) -> None:
    first = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--json")
    (record,) = tai.records
    messages = of_kind(events(first.stdout), "message_added")
    assert [each["role"] for each in messages][-1] == "assistant"
    with Terminal(["-m", "tai", "resume"], environment=tai.environment, columns=120, rows=50) as terminal:
        terminal.expect("goes on, with")
        terminal.expect("answered by the deterministic engine")
        terminal.expect_prompt(sshd.address)
        terminal.send("it is not DNS, we checked\r")
        terminal.expect("answered by the deterministic engine", times=2)
        terminal.expect_prompt()
        terminal.send("/context\r")
        terminal.expect("rules out: dns")
        terminal.send("/history\r")
        terminal.expect("There is no session before this one.")
        terminal.send("/save report.exe\r")
        terminal.expect("the suffix says which")
        terminal.send(f"/save {tai.folder}/late.html\r")
        terminal.expect("the report is in")
        terminal.send("\x04")
        assert terminal.exit_status() == 0
    after = lines_of(record)
    later = after[len(events(first.stdout)) :]
    assert [each["number"] for each in of_kind(later, "message_added")] == [
        len(messages) + 1,
        len(messages) + 2,
    ]
    assert of_kind(later, "fact_pinned")
    assert of_kind(later, "host_connecting")[0]["port"] == sshd.port, "the way that was gone before"
    repeated = {tuple(each["argv"]) for each in of_kind(events(first.stdout), "command_sent") if each["n"]}
    again = [tuple(each["argv"]) for each in of_kind(later, "command_sent") if each["n"]]
    assert not repeated.intersection(again), "what was looked at is not looked at again by itself"
    assert (tai.folder / "late.html").read_text().startswith("<!doctype html>")
    assert (record.parent / "report.md").is_file()


def test_resume_at_the_prompt_and_a_diff_of_two_looks(tai: Tai, sshd: Sshd) -> None:
    flags_in_config(tai, sshd)
    tai("collect", sshd.address, "memory-counters")
    (record,) = tai.records
    with Terminal(["-m", "tai"], environment=tai.environment, columns=120, rows=50) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("/history\r")
        terminal.expect(record.parent.name)
        terminal.send("/resume last\r")
        terminal.expect(f"The session {record.parent.name} about {sshd.address} goes on")
        terminal.expect_prompt(sshd.address)
        terminal.send("/diff\r")
        terminal.expect("was looked at twice yet")
        terminal.send("/collect 1\r")
        terminal.expect_prompt(sshd.address)
        terminal.send("/diff\r")
        terminal.expect(" → E")
        terminal.expect_prompt(sshd.address)
        terminal.send("\x04")
        assert terminal.exit_status() == 0
    assert len(tai.records) == 1, "the prompt's own session had nothing in it"


def test_every_line_of_a_real_run_and_of_its_record_fits_the_schema(tai: Tai, sshd: Sshd) -> None:
    printed = json.loads(tai("schema").stdout)
    assert printed == json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(printed)
    check = jsonschema.Draft202012Validator(printed)
    stream = events(tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--json").stdout)
    record = [json.loads(line) for line in tai.records[0].read_text().splitlines()]
    for line in (*stream, *record):
        check.validate(line)
    assert not check.is_valid({**stream[0], "kind": "nonsense"})
    assert not check.is_valid({**stream[0], "surprise": 1})
    assert [line["kind"] for line in stream[-2:]] == ["diagnosed", "session_ended"]


def test_reports_in_three_forms_private_and_whole(tai: Tai, sshd: Sshd) -> None:
    files = [tai.folder / f"report.{suffix}" for suffix in ("md", "html", "json")]
    words = [word for file in files for word in ("--output", str(file))]
    done = tai("ask", *tai.at(sshd)[:1], "/var looks full since noon", *tai.at(sshd)[1:], *words)
    assert done.returncode in {0, 4}, done.stderr
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert f"the report is in {file}" in done.stderr
    report = json.loads(files[2].read_text())
    assert report["ticket"]["text"].strip() == "/var looks full since noon"
    assert report["digest"]["chain"] in files[0].read_text()
    assert report["digest"]["chain"] in files[1].read_text()
    assert json.loads(tai.records[0].read_text().splitlines()[-1])["chain"] == report["digest"]["chain"]
    assert not list(tai.folder.glob(".*")), "nothing half written is left"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--output", "x.pdf"), "tai writes .md (Markdown), .html and .json"),
        (("--output", "/nonexistent/x.md"), "there is no such folder"),
        (("other-host", "--output", "x.md"), "report-{host}.md"),
        (("other-host", "--copy"), "--copy takes the report of one host"),
    ],
)
def test_an_output_that_cannot_be_is_told_before_any_host_is_asked(
    tai: Tai, sshd: Sshd, words: tuple[str, ...], said: str
) -> None:
    done = tai("diagnose", *tai.at(sshd), *words, stdin=TICKET.encode())
    refused(done, 2, said)
    assert sshd.logins == 0
    assert tai.records == []


def test_one_liners(tai: Tai, sshd: Sshd) -> None:
    flags_in_config(tai, sshd)
    with (tai.home.ssh / "config").open("a") as file:
        file.write(f"Host db-9\n HostName {sshd.address}\n Port {sshd.port}\n User {sshd.user}\n")
    quick = ("--collect", "memory-counters", "--json")
    loose = events(tai("ask", "slow", "since", "noon", "on", "db-9", *quick).stdout)
    assert of_kind(loose, "host_connecting")[0]["host"] == "db-9"
    asked = events(tai("ask", sshd.address, "the box is slow", *quick).stdout)
    assert of_kind(asked, "ticket_parsed")[0]["ticket"]["text"].strip() == "the box is slow"
    piped = events(tai("-", sshd.address, *quick, stdin=b"it is slow").stdout)
    assert of_kind(piped, "ticket_parsed")[0]["ticket"]["text"].strip() == "it is slow"
    attached = events(
        tai(
            "ask", sshd.address, "is it the disk?", "--attach", "dmesg=-", *quick, stdin=b"I/O error\n"
        ).stdout
    )
    assert of_kind(attached, "observation_made")[0]["observation"]["label"] == "dmesg"
    refused(tai("ask", "web-01"), 2, "tai ask web-01 'nginx answers 502")
    refused(tai("nginx is down"), 2, "tai ask [HOST] 'WHAT IS WRONG'")


def test_sessions_are_listed_verified_and_removed(tai: Tai, sshd: Sshd) -> None:
    assert "no sessions yet" in tai("sessions").stderr
    tai("collect", *tai.at(sshd), "memory-counters")
    (record,) = tai.records
    head, row = tai("sessions").stdout.splitlines()
    assert head.split("\t")[:4] == ["session", "began", "host", "state"]
    assert row.split("\t")[0] == record.parent.name
    assert row.split("\t")[2:5] == [sshd.address, "evidence only", "1"]
    assert "intact" in tai("sessions", "verify").stdout
    text = record.read_text()
    record.write_text(text.replace('"memory-counters"', '"memory-counterz"', 1))
    broken = tai("sessions", "verify", "last")
    assert broken.returncode == 3
    assert "BROKEN: changed at line " in broken.stdout
    shown = tai("replay")
    assert shown.returncode == 3
    assert "BROKEN" in shown.stderr
    refused(tai("sessions", "rm", "nonsense"), 2, "there is no session 'nonsense'")
    assert tai("sessions", "rm", record.parent.name[-4:]).returncode == 0
    assert tai.records == []


def test_old_sessions_go_when_a_run_is_over_and_it_says_so(tai: Tai, sshd: Sshd) -> None:
    old = tai.folder / "state" / "sessions" / "20200101-000000-aaaa"
    old.mkdir(parents=True)
    (old / "events.ndjson").write_text("")
    done = tai("collect", *tai.at(sshd), "memory-counters")
    assert not old.exists()
    assert "1 old session removed, 20200101-000000-aaaa" in done.stderr
    assert len(tai.records) == 1


def test_several_hosts_get_a_report_each(tai: Tai, sshd: Sshd) -> None:
    tai.home.configure(f"Host db-8 db-9\n HostName {sshd.address}\n Port {sshd.port}\n User {sshd.user}\n")
    done = tai("collect", "db-8", "db-9", "memory-counters", "-o", f"{tai.folder}/r-{{host}}.md")
    assert done.returncode == 0, done.stderr
    for host in ("db-8", "db-9"):
        assert (tai.folder / f"r-{host}.md").read_text().startswith(f"# Evidence on {host}\n")
    assert len(tai.records) == 2
    assert len({record.parent.name for record in tai.records}) == 2


def test_a_host_that_is_not_reached_is_in_the_report(tai: Tai, sshd: Sshd) -> None:
    sshd.stop()
    file = tai.folder / "report.md"
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "-o", str(file))
    assert done.returncode == 3
    assert "Not reached" in file.read_text()
    assert tai("sessions").stdout.splitlines()[1].split("\t")[3] == "failed"
