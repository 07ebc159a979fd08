"""What one program says explains its own story: a connection that fails is explained by who should have listened, or by nothing."""

from __future__ import annotations

import pytest

from tai.answer import Answer
from tai.engine.inspect import inspect
from tai.llm.certificates import unopened
from tai.llm.own_words import jobs, voices
from tai.llm.peers import is_elsewhere
from tai.model import Observation
from tai.ticket import parse as read_ticket

from .test_chains import CATALOG, DAY, NOW, asked, exited, kernel, log, look, told, unit

ADDRESSES = look(
    "addresses",
    "2: eth0: <BROADCAST,UP> mtu 1500\n    inet 192.0.2.10/24 scope global eth0\n    inet6 2001:db8::10/64 scope global\n",
    "ip", "addr", "show",
)  # fmt: skip
APACHE = unit(
    "apache2.service",
    ("14:00:05", "apache2[70]: AH00957: HTTP: attempt to connect to 127.0.0.1:9090 (127.0.0.1) failed"),
)
LOGIN = 'FATAL:  password authentication failed for user "ledger"'


def properties(name: str, kind: str) -> Observation:
    return look("unit-properties", f"Id={name}\nType={kind}\nActiveState=failed\n", "systemctl", "show", name)


def refused_login(name: str, kind: str, ticket: str) -> Answer:
    return asked(
        ticket,
        unit(name, ("14:00:01", f"ledger[31]: {LOGIN}"), *exited(name, "14:00:02")),
        properties(name, kind),
        APACHE,
    )


def test_a_jobs_refused_login_does_not_explain_a_backend_that_nobody_listens_for() -> None:
    said = refused_login(
        "ledger-export.service",
        "oneshot",
        "503 Service Unavailable from the intranet\n\nSince 14:00 on 2026-11-20 UTC. ledger-export.service is red as well.",
    )
    assert said.outcome == "root_cause"
    assert "127.0.0.1:9090" in said.cause
    assert "ledger" not in said.cause


def test_a_services_refused_login_does_explain_it() -> None:
    said = refused_login(
        "ledger.service",
        "simple",
        "503 Service Unavailable from the intranet\n\nSince 14:00 on 2026-11-20 UTC. It is ledger.service that answers there.",
    )
    assert "refused" in said.cause
    assert "password authentication failed" in said.cause


@pytest.mark.parametrize(
    ("line", "elsewhere"),
    [
        ("connect to 192.0.2.77:5671: Connection refused", True),
        ("connect to mx[192.0.2.77]:25: Connection refused", True),
        ("connect to [2001:db8::77]:25: Connection refused", True),
        ("connect to 192.0.2.10:5671: Connection refused", False),
        ("connect to 127.0.0.1:5671: Connection refused", False),
        ("connect to queue.example.org:5671: Connection refused", False),
        ("from 192.0.2.77:40000 to 127.0.0.1:5671: Connection refused", False),
    ],
)
def test_a_peer_is_another_host_only_where_every_address_says_so(line: str, elsewhere: bool) -> None:  # noqa: FBT001
    own = frozenset({"192.0.2.10", "2001:db8::10"})
    assert is_elsewhere(line, own) is elsewhere
    assert not is_elsewhere(line, frozenset())


def test_a_mail_server_elsewhere_is_no_matter_of_a_database_here() -> None:
    waiting = "postfix/smtp[91]: A1: to=<u@example.org>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to 192.0.2.77[192.0.2.77]:25: Connection refused)"
    said = asked(
        "Since 14:00 on 2026-11-20 UTC postgresql.service does not start, and postfix sends nothing",
        ADDRESSES,
        unit(
            "postgresql.service",
            ("14:00:01", 'postgres[88]: FATAL:  unrecognized configuration parameter "shared_bufers"'),
            *exited("postgresql.service", "14:00:02"),
        ),
        look("syslog", log(("14:00:03", waiting), ("14:00:04", waiting)), "journalctl", "-n", "1000"),
    )
    assert said.outcome == "root_cause"
    assert said.cause.startswith("Two faults show")
    assert "192.0.2.77" in said.cause


def test_a_year_that_only_one_of_two_logs_prints_does_not_part_them() -> None:
    said = asked(
        "invoices.service has failed since 14:00 on 2026-11-20 UTC",
        unit(
            "unbound.service",
            ("14:00:00", "unbound[50]: [50:0] error: can't bind socket: Cannot assign requested address"),
        ),
        look(
            "unit-status",
            "Nov 20 14:00:05 db-01 wget[61]: wget: unable to resolve: Temporary failure in name resolution\n"
            "Nov 20 14:00:05 db-01 systemd[1]: invoices.service: Main process exited, code=exited, status=4/NOPERMISSION\n",
            "systemctl", "status", "invoices.service",
        ),
    )  # fmt: skip
    assert "can't bind socket" in told(said)
    assert said.cause.startswith("The resolver on this host")


ROOM = look(
    "disk-space", "Filesystem Type Size Used Avail Use% Mounted on\n/dev/vda ext4 20G 7.1G 12G 38% /\n", "df", "-l", "-h", "-T"
)  # fmt: skip


def test_a_host_is_not_called_healthy_where_nobody_looked_at_its_disks_or_its_logs() -> None:
    units = look("failed-units", "", "systemctl", "list-units", "--state=failed")
    journal = look("kernel-errors", "", "journalctl", "-k")
    assert asked("db-01 is slow", units, journal, ROOM).outcome == "healthy"
    for looks, lacks in (
        ((units, journal), "the room on its disks"),
        ((units, ROOM, ROOM), "a log"),
        ((units, ROOM, look("log-folder", "", "ls", "-l", "-b", "/var/log", "/var/log/journal")), "a log"),
        ((journal, ROOM, ROOM), "units or processes"),
    ):
        said = asked("db-01 is slow", *looks)
        assert (said.outcome, lacks in said.cause) == ("inconclusive", True)


@pytest.mark.parametrize(("level", "outcome"), [("[Warning]", "healthy"), ("[ERROR]", "inconclusive")])
def test_what_a_program_calls_a_warning_does_not_make_its_host_ill(level: str, outcome: str) -> None:
    said = asked(
        "etcd.service was down for some seconds on 2026-11-20 at 14:00 UTC",
        look("failed-units", "", "systemctl", "list-units", "--state=failed"),
        look("kernel-errors", "", "journalctl", "-k"),
        ROOM,
        unit("etcd.service", ("14:00:01", f"etcd[31]: {level} Could not raise the limit of watchers")),
    )
    assert said.outcome == outcome


@pytest.mark.parametrize(
    ("ticket", "outcome"),
    [
        ("404 and 403 from the docs, since the release at 14:00 UTC on 2026-11-20", "root_cause"),
        ("The print queue is stuck since 14:00 UTC on 2026-11-20", "inconclusive"),
    ],
)
def test_a_small_fault_is_the_cause_where_the_ticket_speaks_of_what_it_does(
    ticket: str, outcome: str
) -> None:
    denied = "[core:error] (13)Permission denied: [client 192.0.2.9:4000] AH00132: file permissions deny server access: /srv/docs/a.html"
    assert (
        asked(
            ticket, look("syslog", f"{DAY}14:00:01+0000 db-01 apache2[7]: {denied}\n", "journalctl")
        ).outcome
        == outcome
    )


@pytest.mark.parametrize(
    ("ticket", "outcome"),
    [
        ("dora cannot log in since 14:00 UTC on 2026-11-20", "root_cause"),
        ("dora sees empty tables since 14:00 UTC on 2026-11-20", "inconclusive"),
    ],
)
def test_an_account_that_the_ticket_calls_by_its_name_is_meant_where_logins_fail(
    ticket: str, outcome: str
) -> None:
    line = "sshd[9]: pam_unix(sshd:account): account dora has expired (account expired)"
    assert asked(ticket, look("syslog", log(("14:00:01", line)), "journalctl")).outcome == outcome


def test_a_server_and_its_client_tell_of_one_refusal() -> None:
    server = look("syslog", log(("14:00:01", f"postgres[8]: ledger@books {LOGIN}")), "journalctl")
    client = look("unit-status", f"Nov 20 14:00:01 db-01 psql[9]: psql: error: connection failed: {LOGIN}\n", "systemctl", "status", "ledger-export.service")  # fmt: skip
    seen = [server.model_copy(update={"id": "E1"}), client.model_copy(update={"id": "E2"})]
    (finding,) = [each for each in inspect(CATALOG, seen) if each.signature == "database-login-refused"]
    assert voices(finding, seen) == {"ledger-export"}
    assert jobs([properties("ledger-export.service", "oneshot")]) == {"ledger-export"}
    assert jobs([properties("ledger.service", "notify")]) == frozenset()


def test_a_certificate_that_nobody_opened_leaves_a_complaint_of_tls_open() -> None:
    named = look(
        "certificates-of-sites",
        "/etc/nginx/sites-available/wiki:4:    ssl_certificate /etc/wiki/tls.pem;\n",
        "grep", "-H", "-n", "ssl_certificate", "/etc/nginx/sites-available/wiki",
    )  # fmt: skip
    opened = look("certificate", "", "openssl", "x509", "-in", "/etc/wiki/tls.pem", "-noout")
    tls = read_ticket("Browsers warn about the wiki: the connection is not secure.", now=NOW)
    other = read_ticket("The wiki is slow.", now=NOW)
    assert unopened(tls, [named]) == ("/etc/wiki/tls.pem",)
    assert unopened(tls, [named, opened]) == ()
    assert unopened(other, [named]) == ()


def test_a_line_that_a_finding_cites_is_no_lead_and_a_word_that_means_failing_ties_nothing() -> None:
    said = asked(
        "the backup fails again since 14:00 on 2026-11-20",
        kernel(("14:00:01", "thing: cannot frob the widget, giving up")),
        unit(
            "cache.service",
            ("14:00:02", "systemd[1]: cache.service: Main process exited, code=exited, status=1/FAILURE"),
            ("14:00:02", "systemd[1]: cache.service: Failed with result 'exit-code'."),
        ),
    )
    assert said.outcome == "inconclusive"
    leads = [claim for claim in said.observations if claim.text.startswith("A suspicious line")]
    quoted = [quote.text for claim in leads for quote in claim.quotes]
    assert any("frob" in text for text in quoted)
    assert not any("cache.service" in text for text in quoted)


@pytest.mark.parametrize(
    "ticket",
    [
        "the till is slow since the start of the day on 2026-11-20",
        "tills lose their session at start on 2026-11-20",
        "payments are refused since the start of the sale on 2026-11-20 at 14:00",
    ],
)
def test_a_word_that_any_fault_could_share_makes_no_fault_the_cause(ticket: str) -> None:
    said = asked(
        ticket,
        unit(
            "cache.service",
            ("14:00:02", "systemd[51]: cache.service: Failed at step EXEC spawning /opt/cache: No such file or directory"),
            ("14:00:02", "systemd[1]: cache.service: Main process exited, code=exited, status=203/EXEC"),
        ),
    )  # fmt: skip
    assert said.outcome == "inconclusive"
