"""Findings of several looks at once: the deepest fault becomes the cause, what follows its chain, the times its timeline."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.answer import Answer
from tai.engine.inspect import inspect
from tai.llm.base import Question
from tai.llm.deterministic import answer
from tai.model import Observation, Outcome
from tai.parsers import parse
from tai.ticket import parse as read_ticket
from tests.shipped import shipped

CATALOG = shipped()
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
DAY = "2026-11-20T"


def look(probe: str, text: str, *argv: str) -> Observation:
    """What a probe printed; its id is given by `asked`."""
    parser = CATALOG.probes[probe].parser
    return Observation(
        id="E0",
        host="db-01",
        collector="",
        probe=probe,
        argv=argv,
        outcome=Outcome.OK if text else Outcome.EMPTY,
        text=text,
        data=parse(parser, text) if parser and text else None,
    )


def unit(name: str, *lines: tuple[str, str]) -> Observation:
    return look("unit-journal", log(*lines), "journalctl", "-u", name)


def kernel(*lines: tuple[str, str]) -> Observation:
    return look("kernel-errors", log(*((at, f"kernel: {line}") for at, line in lines)), "journalctl", "-k")


def log(*lines: tuple[str, str]) -> str:
    return "".join(f"{line if 'T' in at else f'{DAY}{at}+0000 db-01 {line}'}\n" for at, line in lines)


def asked(ticket: str, *looks: Observation) -> Answer:
    seen = tuple(each.model_copy(update={"id": f"E{n}"}) for n, each in enumerate(looks, start=1))
    question = Question((), read_ticket(ticket, now=NOW), seen, tuple(inspect(CATALOG, seen)))
    return answer(question, CATALOG.symptoms, CATALOG.bearings)


def told(said: Answer) -> str:
    """All that stands for the cause: its sentence, and the lines quoted for it and for what follows."""
    quoted = [quote.text for claim in said.evidence for quote in claim.quotes]
    return "\n".join([said.cause, *quoted])


def in_order(said: Answer) -> None:
    times = [moment.at for moment in said.timeline]
    assert times == sorted(times)
    assert len(times) > 1


FULL = look(
    "disk-space",
    "Filesystem     Type  Size  Used Avail Use% Mounted on\n/dev/vda       ext4   20G  7.1G   12G  38% /\n/dev/vdb       ext4  2.0G  2.0G     0 100% /var\n",
    "df", "-l", "-h", "-T",
)  # fmt: skip


def exited(name: str, at: str) -> list[tuple[str, str]]:
    return [
        (at, f"systemd[1]: {name}: Main process exited, code=exited, status=1/FAILURE"),
        (at, f"systemd[1]: {name}: Failed with result 'exit-code'."),
    ]


def test_oom_kill_explains_the_database_and_the_502_before_it() -> None:
    said = asked(
        "The shop answers 502 since 14:00 on 2026-11-20.",
        kernel(("13:59:58", "Out of memory: Killed process 812 (mariadbd) total-vm:9180110kB, anon-rss:7801908kB, file-rss:0kB, shmem-rss:0kB, UID:109 pgtables:16kB oom_score_adj:0")),
        unit(
            "mariadb.service",
            ("13:59:59", "systemd[1]: mariadb.service: A process of this unit has been killed by the OOM killer."),
            ("13:59:59", "systemd[1]: mariadb.service: Failed with result 'oom-kill'."),
        ),
        look(
            "web-error-log",
            "2026/11/20 14:00:05 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: shop, upstream: \"http://127.0.0.1:8080/\"\n",
            "tail",
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "OOM killer ended mariadbd" in said.cause
    assert "It explains" in said.cause
    assert "Connection refused" in told(said)
    in_order(said)


def test_lost_disk_explains_the_read_only_filesystem_and_the_writes_that_failed() -> None:
    said = asked(
        "postgresql stopped at 14:00 on 2026-11-20.",
        kernel(
            ("13:58:00", "blk_update_request: I/O error, dev vdb, sector 204800 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 0"),
            ("13:58:01", "EXT4-fs error (device vdb1): ext4_journal_check_start:83: comm postgres: Detected aborted journal"),
            ("13:58:02", "EXT4-fs (vdb1): Remounting filesystem read-only"),
        ),
        unit(
            "postgresql.service",
            ("13:58:10", 'postgres[81]: PANIC:  could not open file "pg_wal/1": Read-only file system'),
            ("13:58:11", "systemd[1]: postgresql.service: Main process exited, code=killed, status=6/ABRT"),
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "vdb" in said.cause
    assert "I/O error" in said.evidence[0].quotes[0].text
    assert "Remounting filesystem read-only" in told(said)
    assert "Read-only file system" in told(said)
    in_order(said)


def test_taken_port_explains_the_failed_start_its_limit_and_the_unit_that_depends_on_it() -> None:
    said = asked(
        "portal.service does not start on 2026-11-20 since 14:00",
        unit(
            "nginx.service",
            ("14:00:01", "nginx[811]: nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"),
            *exited("nginx.service", "14:00:02"),
            ("14:00:05", "systemd[1]: nginx.service: Start request repeated too quickly."),
        ),
        unit(
            "portal.service",
            ("14:00:06", "systemd[1]: Dependency failed for portal.service - The portal."),
            ("14:00:06", "systemd[1]: portal.service: Job portal.service/start failed with result 'dependency'."),
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "already" in told(said)
    assert "80" in said.cause
    assert "Start request repeated too quickly" in told(said)
    in_order(said)


def test_expired_certificate_explains_the_handshakes_and_the_backend_behind_them() -> None:
    said = asked(
        "Calls to the billing backend fail with 502 since 14:00 on 2026-11-20.",
        unit(
            "billing.service",
            ("14:00:01", "billing[811]: x509: certificate has expired or is not yet valid: current time 2026-11-20T14:00:01Z is after 2026-11-20T00:00:00Z"),
        ),
        look(
            "web-error-log",
            '2026/11/20 14:00:05 [error] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000415:SSL routines::sslv3 alert certificate expired) while SSL handshaking to upstream, client: 192.0.2.7, upstream: "https://127.0.0.1:8443/"\n',
            "tail",
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "expired" in said.cause


def test_clock_that_is_behind_explains_certificates_that_are_not_yet_valid() -> None:
    said = asked(
        "Logins over https fail on 2026-11-20: the certificate is said to be not yet valid.",
        look(
            "unit-journal",
            log(("14:00:01", "agent[811]: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:01Z is before 2026-10-01T00:00:00Z")),
            "journalctl", "-u", "agent.service",
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "clock" in said.cause


def test_broken_name_resolution_explains_the_connections_that_fail() -> None:
    said = asked(
        "The shop cannot connect to its payment service since 14:00 on 2026-11-20.",
        look("unit-journal", log(
            ("14:00:00", "systemd-networkd-wait-online[300]: Timeout occurred while waiting for network connectivity."),
        ), "journalctl", "-u", "systemd-networkd-wait-online.service"),
        unit(
            "shop.service",
            ("14:00:02", "shop[91]: getaddrinfo failed: pay.example.net: Temporary failure in name resolution"),
            ("14:00:03", "shop[91]: could not connect to pay.example.net: Connection timed out"),
            *exited("shop.service", "14:00:04"),
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "name" in said.cause
    assert "Temporary failure in name resolution" in told(said)
    in_order(said)


def test_two_faults_at_once_are_told_as_two() -> None:
    said = asked(
        "Since 14:00 on 2026-11-20 the backup to /var fails, and nginx does not start.",
        FULL,
        unit(
            "nginx.service",
            (
                "14:00:01",
                "nginx[811]: nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
            ),
            *exited("nginx.service", "14:00:02"),
        ),
    )
    assert said.outcome == "root_cause"
    assert said.cause.startswith("Two faults show")
    assert "/var" in told(said)
    assert "Address already in use" in told(said)


def test_old_fault_is_kept_apart_with_the_reason() -> None:
    said = asked(
        "nginx does not start since 14:00 on 2026-11-20.",
        kernel(("2026-11-11T", "2026-11-11T03:00:00+0000 db-01 kernel: Out of memory: Killed process 812 (nginx) total-vm:9180110kB, anon-rss:7801908kB, file-rss:0kB, shmem-rss:0kB, UID:109 pgtables:16kB oom_score_adj:0")),
        unit(
            "nginx.service",
            ("14:00:01", "nginx[811]: nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"),
            *exited("nginx.service", "14:00:02"),
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "80" in said.cause
    assert "memory" not in said.cause
    past = [each for each in said.hypotheses if "memory" in each.cause.lower()]
    assert past
    assert all(each.refuting for each in past)


def test_cause_that_stands_later_in_the_log_than_its_effect_is_still_the_cause() -> None:
    said = asked(
        "postgresql is down since 14:00 on 2026-11-20.",
        unit(
            "postgresql.service",
            ("14:00:00", "systemd[1]: postgresql.service: Main process exited, code=killed, status=9/KILL"),
            ("14:00:00", "systemd[1]: postgresql.service: Failed with result 'signal'."),
        ),
        kernel(("14:00:30", "Out of memory: Killed process 812 (postgres) total-vm:9180110kB, anon-rss:7801908kB, file-rss:0kB, shmem-rss:0kB, UID:109 pgtables:16kB oom_score_adj:0")),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert "OOM killer ended postgres" in said.cause
    assert "postgresql.service" in told(said)
    assert said.timeline[0].at < said.timeline[-1].at


def test_fault_that_began_well_after_the_effect_does_not_explain_it() -> None:
    said = asked(
        "postgresql is down since 13:00 on 2026-11-20.",
        unit("postgresql.service", *exited("postgresql.service", "13:00:00")),
        kernel(("14:30:00", "Out of memory: Killed process 812 (postgres) total-vm:9180110kB, anon-rss:7801908kB, file-rss:0kB, shmem-rss:0kB, UID:109 pgtables:16kB oom_score_adj:0")),
    )  # fmt: skip
    assert "It explains" not in said.cause


def test_healthy_host_is_told_with_what_was_looked_at() -> None:
    said = asked(
        "Is anything wrong with db-01?",
        look("disk-space", FULL.text.replace("2.0G     0 100%", "1.0G  1.0G  50%"), "df", "-l", "-h", "-T"),
        look("failed-units", "", "systemctl", "list-units", "--state=failed"),
        kernel(),
        unit("postgresql.service", ("13:00:00", "systemd[1]: Started postgresql.service - PostgreSQL.")),
    )
    assert said.outcome == "healthy"
    assert "4 looks" in said.cause
    for program in ("df", "systemctl", "journalctl"):
        assert program in said.cause
    assert not said.evidence


@pytest.mark.parametrize("wrong", ["x: error: 0", "no errors", "logging to error_log"])
def test_harmless_words_keep_a_host_healthy(wrong: str) -> None:
    said = asked(
        "Is anything wrong with db-01?",
        look("disk-space", FULL.text.replace("2.0G     0 100%", "1.0G  1.0G  50%"), "df", "-l", "-h", "-T"),
        look("failed-units", "", "systemctl", "list-units", "--state=failed"),
        unit("db.service", ("13:00:00", f"db[1]: {wrong}")),
    )
    assert said.outcome == "healthy"


def test_one_programs_line_and_the_next_are_no_two_faults() -> None:
    said = asked(
        "shop.service does not start on 2026-11-20 since 14:00",
        unit(
            "shop.service",
            ("14:00:01", 'shop[811]: FATAL:  password authentication failed for user "shop"'),
            ("14:00:01", "shop[811]: redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379. Connection refused."),
            *exited("shop.service", "14:00:02"),
        ),
    )  # fmt: skip
    assert said.outcome == "root_cause"
    assert not said.cause.startswith("Two faults")


@pytest.mark.parametrize(
    ("line", "only"),
    [
        ("app[11]: listen tcp 0.0.0.0:443: bind: permission denied", "low-port-refused"),
        ("app[11]: listen tcp 0.0.0.0:8443: bind: permission denied", "port-permission"),
        ('postgres[811]: FATAL:  could not create shared memory segment "/PostgreSQL.41": Permission denied', "shared-memory-refused"),
        ("postfix/smtp[811]: A1: to=<a@example.org>, relay=mx.example.org[192.0.2.5]:587, delay=6, dsn=4.7.8, status=deferred (SASL authentication failed; server said: 535 5.7.8 Error: authentication failed)", "relay-login-refused"),
        ('shop[811]: FATAL:  password authentication failed for user "shop"', "database-login-refused"),
    ],
)  # fmt: skip
def test_one_line_is_one_fault(line: str, only: str) -> None:
    seen = unit("any.service", ("14:00:00", line)).model_copy(update={"id": "E1"})
    assert [each.signature for each in inspect(CATALOG, [seen]) if each.severity != "info"] == [only]


def test_what_the_line_does_not_tell_leaves_no_hole_in_the_sentence() -> None:
    seen = unit(
        "any.service",
        ("14:00:00", "shop[8]: Error in configuration file /etc/shop.conf: no such key 'colour'"),
    )
    (finding,) = inspect(CATALOG, [seen.model_copy(update={"id": "E1"})])
    assert "/etc/shop.conf: " in finding.explanation
    assert "line" not in finding.explanation
