"""The engine without a model: names a cause only where the evidence carries it, and says so when it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tai.answer import Answer
from tai.engine.inspect import inspect
from tai.engine.verify import verify
from tai.llm.base import Question, Said
from tai.llm.deterministic import DeterministicEngine, answer
from tai.model import Observation, Outcome, Subjects, Ticket, Window
from tai.parsers import parse
from tests.collectors.golden_hosts import HEALTHY_HOSTS, observations
from tests.shipped import shipped

CATALOG = shipped()
DAY = "2026-11-20T"
FULL = "Filesystem     Type  Size  Used Avail Use% Mounted on\n/dev/vda       ext4   20G  7.1G   12G  38% /\n/dev/vdb       ext4  2.0G  2.0G     0 100% /var\n"
ROOMY = FULL.replace("2.0G     0 100%", "1.0G  1.0G  50%")
FAILED = "db.service   loaded failed failed The database\nshop.service loaded failed failed The shop\n"


def seen(
    n: int, probe: str, text: str, *argv: str, outcome: Outcome = Outcome.OK, reason: str = ""
) -> Observation:
    parser = CATALOG.probes[probe].parser if probe in CATALOG.probes else ""
    return Observation(
        id=f"E{n}",
        host="db-01",
        collector="",
        probe=probe,
        argv=argv or ("journalctl", "-n", "1000"),
        outcome=outcome,
        reason=reason,
        text=text,
        data=parse(parser, text) if parser and text else None,
    )


def log(*lines: tuple[str, str]) -> str:
    return "".join(f"{DAY}{at}+0000 db-01 {message}\n" for at, message in lines)


async def ask(ticket: Ticket, *observations: Observation) -> Answer:
    findings = inspect(CATALOG, observations)
    engine = DeterministicEngine(CATALOG.symptoms, CATALOG.bearings)
    question = Question((), ticket, observations, tuple(findings))
    (said,) = [item async for item in engine.ask(question)]
    assert isinstance(said, Said)
    assert "No language model was used" in said.notes[0]
    return said.answer


SHOP = Ticket(
    text="The shop answers 502 since 14:00.",
    words=("502", "answers", "shop", "since"),
    subjects=Subjects(units=("shop.service",)),
    window=Window(since=datetime(2026, 11, 20, 14, 0, tzinfo=UTC)),
)


async def test_full_disk_is_the_cause_of_the_chain_that_ends_in_a_502() -> None:
    answer = await ask(
        SHOP,
        seen(1, "disk-space", FULL, "df", "-l", "-h", "-T"),
        seen(2, "failed-units", FAILED, "systemctl", "list-units"),
        seen(
            3,
            "unit-journal",
            log(
                ("13:58:01", "db[81]: PANIC:  could not write to file: No space left on device"),
                ("13:58:02", "systemd[1]: db.service: Main process exited, code=killed, status=6/ABRT"),
            ),
            "journalctl",
            "-u",
            "db.service",
        ),
        seen(
            4,
            "unit-journal",
            log(
                ("14:00:01", "shop[91]: could not connect to the database"),
                ("14:00:02", "systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE"),
            ),
            "journalctl",
            "-u",
            "shop.service",
        ),
        seen(
            5,
            "nginx-errors",
            "2026/11/20 14:00:05 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream\n",
            "tail",
        ),
    )
    assert answer.outcome == "root_cause"
    assert "/var" in answer.cause
    assert "100 % full" in answer.cause
    assert answer.evidence[0].quotes[0].text.endswith("100% /var")
    assert "No space left on device" in json.dumps(answer.model_dump())
    assert [moment.at for moment in answer.timeline] == sorted(moment.at for moment in answer.timeline)


async def test_every_line_it_quotes_exists() -> None:
    observations = [seen(1, "disk-space", FULL, "df"), seen(2, "failed-units", FAILED, "systemctl")]
    answer = await ask(SHOP, *observations)
    diagnosis = verify(answer, observations, inspect(CATALOG, observations), engine="deterministic")
    assert diagnosis.outcome == "root_cause"
    assert diagnosis.claims
    assert diagnosis.unverified == ()
    assert {quote.status for claim in diagnosis.claims for quote in claim.quotes} == {"exact"}


async def test_same_evidence_gives_the_same_bytes() -> None:
    observations = [seen(1, "disk-space", FULL, "df"), seen(2, "failed-units", FAILED, "systemctl")]
    first, second = await ask(SHOP, *observations), await ask(SHOP, *observations)
    assert first.model_dump_json() == second.model_dump_json()


@pytest.mark.parametrize("host", HEALTHY_HOSTS)
async def test_healthy_host_is_called_healthy_with_what_was_looked_at(host: str) -> None:
    for ticket in (
        Ticket(text="Is all well?", words=("all", "well")),
        Ticket(
            text="monitoring says web-01 is slow, please check",
            words=("check", "monitoring", "slow", "web-01"),
        ),
    ):
        answer = await ask(ticket, *observations(host))
        assert answer.outcome == "healthy", (answer.cause, answer.evidence)
        assert "looks at the host" in answer.cause


async def test_host_that_could_not_be_looked_at_is_not_called_healthy() -> None:
    blind = seen(1, "disk-space", "", "df", outcome=Outcome.TIMEOUT, reason="stopped after 15 s")
    answer = await ask(Ticket(text="x"), blind, *observations("debian-12")[:8])
    assert answer.outcome == "inconclusive"
    assert answer.missing == ("E1 df: timeout (stopped after 15 s)",)


async def test_a_kernel_log_that_is_closed_is_no_blind_spot_where_syslog_was_read() -> None:
    closed = Observation(
        id="E90",
        host="h",
        collector="",
        probe="kernel-log",
        argv=("dmesg",),
        outcome=Outcome.NO_PERMISSION,
        reason="dmesg: klogctl: Operation not permitted",
    )
    looks = [each for each in observations("busybox") if each.probe not in ("kernel-log", "syslog")]
    syslog = closed.model_copy(
        update={
            "id": "E91",
            "probe": "syslog",
            "argv": ("tail", "-n", "3000", "--", "/var/log/messages"),
            "outcome": Outcome.OK,
            "reason": "",
            "text": "Nov 26 02:30:00 edge-01 syslog.info syslogd started: BusyBox v1.35.0\n",
        }
    )
    assert (await ask(Ticket(text="x"), closed, *looks)).outcome == "inconclusive"
    assert (await ask(Ticket(text="x"), closed, *looks, syslog)).outcome == "healthy"


async def test_posted_lines_without_a_known_fault_are_not_called_healthy() -> None:
    posted = Observation(
        id="E1",
        host="",
        collector="",
        probe="attached",
        label="app.log",
        outcome=Outcome.OK,
        text="all fine\n",
    )
    answer = await ask(Ticket(text="The app is slow."), posted)
    assert answer.outcome == "inconclusive"
    assert answer.evidence == ()


async def test_without_a_signature_the_worst_line_about_the_subject_leads() -> None:
    text = log(
        ("13:00:00", "cron[5]: (root) CMD (run-parts)"),
        ("13:59:00", "shop[91]: retrying slow request"),
        ("14:00:01", "shop[91]: error: replica checksum mismatch in segment 4412"),
    )
    answer = await ask(SHOP, seen(1, "journal-errors", text))
    assert answer.outcome == "inconclusive"
    assert answer.observations[0].quotes[0].text.endswith("replica checksum mismatch in segment 4412")
    assert answer.observations[0].quotes[0].line == 3


async def test_symptom_alone_is_no_cause() -> None:
    text = log(("14:00:02", "systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE"))
    answer = await ask(SHOP, seen(1, "unit-journal", text, "journalctl", "-u", "shop.service"))
    assert answer.outcome == "inconclusive"
    assert answer.next_checks


async def test_fault_of_another_program_does_not_become_the_cause() -> None:
    text = log(
        (
            "14:00:02",
            "sshd[7]: Unable to negotiate with 192.0.2.9 port 5: no matching host key type found. Their offer: ssh-rsa",
        )
    )
    answer = await ask(SHOP, seen(1, "journal-errors", text), seen(2, "disk-space", ROOMY, "df"))
    assert answer.outcome == "inconclusive"


async def test_oom_kill_of_last_week_does_not_explain_today() -> None:
    old = "2026-11-12T03:00:00+0000 db-01 kernel: Out of memory: Killed process 81 (java) total-vm:1kB\n"
    answer = await ask(SHOP, seen(1, "kernel-log", old + log(("14:10:00", "kernel: eth0: ok"))))
    assert answer.outcome == "inconclusive"
    timeless = SHOP.model_copy(update={"window": Window()})
    answer = await ask(timeless, seen(1, "kernel-log", old + log(("14:10:00", "kernel: eth0: ok"))))
    assert answer.outcome == "inconclusive"


async def test_oom_kill_in_the_window_does() -> None:
    text = log(("13:59:00", "kernel: Out of memory: Killed process 81 (shop) total-vm:1kB"))
    answer = await ask(SHOP, seen(1, "kernel-log", text))
    assert answer.outcome == "root_cause"
    assert "shop" in answer.cause


async def test_two_grave_faults_with_nothing_to_choose_by_stay_hypotheses() -> None:
    text = log(("13:59:00", "kernel: Out of memory: Killed process 81 (batch) total-vm:1kB"))
    ticket = Ticket(text="It does not work.", words=("work",))
    answer = await ask(ticket, seen(1, "disk-space", FULL, "df"), seen(2, "kernel-log", text))
    assert answer.outcome == "inconclusive"
    assert len(answer.hypotheses) == 2
    assert all(hypothesis.supporting[0].quotes for hypothesis in answer.hypotheses)


async def test_name_of_the_host_in_every_line_ties_nothing_to_the_ticket() -> None:
    text = log(("14:00:02", "sshd[7]: User ann from 192.0.2.9 not allowed because not listed in AllowUsers"))
    ticket = Ticket(text="db-01 is slow", words=("db-01", "slow"), hosts=("db-01",))
    answer = await ask(ticket, seen(1, "journal-errors", text), seen(2, "disk-space", ROOMY, "df"))
    assert answer.outcome == "inconclusive"


async def test_noise_of_apparmor_is_a_cause_only_for_the_program_of_the_ticket() -> None:
    text = log(
        (
            "14:00:00",
            'kernel: audit: type=1400 audit(1.1:1): apparmor="DENIED" operation="open" profile="/usr/sbin/shop" name="/srv/a" pid=9 comm="shop" requested_mask="r"',
        )
    )
    assert (await ask(SHOP, seen(1, "kernel-log", text))).outcome == "root_cause"
    other = Ticket(text="Mail is late", words=("late", "mail"), subjects=Subjects(units=("postfix.service",)))
    assert (await ask(other, seen(1, "kernel-log", text))).outcome != "root_cause"


async def test_what_could_not_be_read_is_named_and_an_absent_tool_is_not() -> None:
    answer = await ask(
        SHOP,
        seen(
            1,
            "firewall-nft",
            "",
            "nft",
            "list",
            "ruleset",
            outcome=Outcome.NO_PERMISSION,
            reason="Operation not permitted",
        ),
        seen(2, "clock-chrony", "", "chronyc", "tracking", outcome=Outcome.MISSING_TOOL, reason="not found"),
        seen(3, "disk-space", FULL, "df"),
    )
    assert answer.missing == ("E1 nft list ruleset: no permission (Operation not permitted)",)


async def test_what_was_looked_at_is_not_proposed_again() -> None:
    failed = seen(1, "failed-units", FAILED, "systemctl", "list-units")
    first = await ask(SHOP, failed)
    assert first.next_checks
    done = seen(2, "run", "x\n", *first.next_checks[0].argv)
    again = await ask(SHOP, failed, done)
    assert first.next_checks[0] not in again.next_checks


@pytest.mark.parametrize("count", [1, 40])
async def test_answer_stays_in_its_bounds(count: int) -> None:
    lines = [
        (f"14:{n:02}:01", f"app{n}[9]: open /srv/{'d' * 150}/{n}: Permission denied {'x' * 900}")
        for n in range(count)
    ]
    units = "".join(f"unit{n}.service loaded failed failed {'D' * 500}\n" for n in range(count))
    answer = await ask(
        SHOP, seen(1, "journal-errors", log(*lines)), seen(2, "failed-units", units, "systemctl")
    )
    assert Answer.model_validate_json(answer.model_dump_json()) == answer


async def test_hostile_lines_do_not_break_it() -> None:
    text = "h kernel: Out of memory: Killed process 1 ({subject}{count}%s) total\nh x[1]: {}{}{{: No space left on device\n"
    answer = await ask(Ticket(text="x"), seen(1, "kernel-log", text))
    assert answer.outcome in {"root_cause", "inconclusive"}


async def test_nothing_at_all_is_inconclusive() -> None:
    answer = await ask(Ticket(text=""))
    assert answer.outcome == "inconclusive"
    assert answer.cause == "Nothing in the evidence points at a cause."
    engine = DeterministicEngine(frozenset(), {})
    assert (engine.name, engine.model) == ("deterministic", "")
    await engine.close()
    await engine.close()


def test_a_host_that_answers_with_nonsense_is_not_called_healthy() -> None:
    said = "all is well\n"
    looks = tuple(
        Observation(
            id=f"E{n}",
            host="h",
            collector="c",
            probe=program,
            argv=(program,),
            outcome=Outcome.UNPARSED,
            text=said,
        )
        for n, program in enumerate(("df", "ps", "uptime", "systemctl", "journalctl"), start=1)
    )
    question = Question(messages=(), ticket=Ticket(text="slow"), observations=looks)
    assert answer(question, frozenset(), {}).outcome == "inconclusive"
