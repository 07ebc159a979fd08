"""The collectors that tai ships: every signature proves itself, and the page about them is current."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tai.catalog import Catalog, Signature, failed_cases, unproven
from tai.catalog.listing import page
from tai.catalog.slots import SAMPLES, fill_argv
from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.policy import Tier, canonicalise
from tai.ticket import parse as parse_ticket
from tests.shipped import shipped

CATALOG: Catalog = shipped()


@pytest.mark.parametrize("signature", CATALOG.signatures.values(), ids=lambda signature: signature.id)
def test_signature_has_a_reference_a_positive_and_a_near_miss_case_and_both_come_out(
    signature: Signature,
) -> None:
    assert list(unproven(signature)) == []
    assert list(failed_cases(signature, CATALOG.parsers)) == []


@pytest.mark.parametrize("name", ["host", "kernel", "memory", "cpu", "disk", "storage", "filesystems"])
def test_subject_of_the_machine_has_probes_signatures_and_words_that_tickets_are_read_as(name: str) -> None:
    (collector,) = [each for each in CATALOG.collectors if each.name == name]
    assert collector.probes
    assert collector.signatures
    ticket = parse_ticket(" ".join(collector.words), now=datetime(2026, 11, 20, tzinfo=UTC))
    assert set(collector.words) - set(ticket.words) == set()


def test_every_form_of_every_probe_that_is_not_named_runs_by_itself() -> None:
    for probe in CATALOG.probes.values():
        for argv in (probe.argv, *(variant.argv for variant in probe.variants)):
            if probe.depth != "named":
                assert canonicalise(fill_argv(argv, SAMPLES)).tier is Tier.A, probe.id


def test_red_hat_and_debian_paths_are_both_there() -> None:
    probes = CATALOG.probes.values()
    argvs = [argv for probe in probes for argv in (probe.argv, *(variant.argv for variant in probe.variants))]
    forms = {word for argv in argvs for word in argv}
    assert {"/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure"} <= forms


def test_explanations_lead_to_no_ring_of_two() -> None:
    for signature in CATALOG.signatures.values():
        assert signature.id not in signature.explained_by
        for other in signature.explained_by:
            assert signature.id not in CATALOG.signatures[other].explained_by, (signature.id, other)


def test_page_about_collectors_is_current() -> None:
    shown = Path(__file__).parents[2] / "docs" / "collectors.md"
    assert shown.read_text() == page(CATALOG), "run: python -m tai.catalog.listing > docs/collectors.md"


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("df -h", "df"),
        ("sudo df -hT | sort -k5", "df"),
        ("$ cat /proc/mdstat", "mdstat"),
        ("/proc/mdstat", "mdstat"),
        ("journalctl -u nginx --no-pager", "log"),
        ("root@web-01:~# dmesg -T | tail -50", "log"),
        ("/var/log/syslog", "log"),
        ("docker-compose logs web", "log"),
        ("systemctl --failed", "failed-units"),
        ("systemctl status nginx", "log"),
        ("docker ps -a", "docker-ps"),
        ("podman ps --all", "docker-ps"),
        ("crictl ps -a", "cri-containers"),
        ("ip a", "links"),
        ("ip addr show eth0", "links"),
        ("ethtool eth0", "card"),
        ("mount", "mounts"),
        ("lvs -a", "logical-volumes"),
        ("mailq", "mail-queue"),
        ("postqueue -p", "mail-queue"),
        ("openssl x509 -in a.pem -noout -dates", "certificate"),
        ("openssl s_client -connect a:443", "log"),
        ("grep -rn access_log /etc/nginx", "log"),
        ("ls -l /var/log/nginx/access.log", "log"),
        ("/var/log/accessibility.log", "log"),
        ("systemctl list-units --failed", "failed-units"),
        ("sudo -u root LC_ALL=C lsof +L1", "lsof"),
        ("du -xsh /var/*", "du"),
        ("", "log"),
    ],
)
def test_command_line_says_what_kind_of_text_it_printed(command: str, kind: str) -> None:
    assert kind in CATALOG.kinds_of(command)


def test_output_of_a_table_is_not_read_as_a_log() -> None:
    assert CATALOG.kinds_of("df -h") == ("df",)


@pytest.mark.parametrize(
    "command",
    [
        "tail /var/log/nginx/access.log",
        "access.log",
        "zcat /var/log/nginx/shop-access.log.2.gz | tail",
        "/var/log/httpd/ssl_access_log-20261120",
        "cat /opt/tomcat/logs/localhost_access_log.2026-11-26.txt",
        "sudo grep ' 502 ' /var/log/apache2/other_vhosts_access.log",
    ],
)
def test_access_log_is_never_read_as_what_programs_say(command: str) -> None:
    assert CATALOG.kinds_of(command) == ("access-log",)


def test_what_outsiders_write_into_an_access_log_is_no_fault_and_failed_answers_are() -> None:
    line = '192.0.2.8 - - [20/Nov/2026:10:14:40 +0000] "GET / HTTP/1.1" {status} 51 "-" "{agent}"\n'
    agent = "kernel: Out of memory: Killed process 812 (nginx) total-vm:812332kB, anon-rss:402332kB"
    assert posted("tail access.log", line.format(status=200, agent=agent)) == set()
    failed = line.format(status=502, agent="Mozilla/5.0") * 60
    assert posted("tail access.log", failed) == {"http-server-errors"}


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        (
            "systemctl --failed",
            "  UNIT          LOAD   ACTIVE SUB    DESCRIPTION\n● nginx.service loaded failed failed A web server\n",
            {"unit-failed"},
        ),
        (
            "docker ps -a",
            "CONTAINER ID   IMAGE     COMMAND        CREATED       STATUS                       PORTS     NAMES\n"
            '4f2ab91c0d11   es:8      "/bin/tini"    3 days ago    Exited (137) 2 minutes ago             es-1\n'
            '9f2ab91c0d11   web:8     "/bin/x"       3 days ago    Restarting (1) 5 seconds ago           web-1\n'
            'af2ab91c0d11   db:8      "/bin/y -v"    3 days ago    Up 3 days (unhealthy)        53/tcp    db-1\n'
            'bf2ab91c0d11   job:8     "/bin/z"       3 days ago    Exited (0) 2 minutes ago               job-1\n',
            {"container-ended", "container-restarting", "container-unhealthy"},
        ),
        (
            "crictl ps -a",
            "CONTAINER           IMAGE          CREATED         STATE     NAME   ATTEMPT   POD ID          POD\n"
            "87d3992f84f74       a1b2c3d4e5f6   2 minutes ago   Exited    api    12        aa11bb22cc33d   api-1\n"
            "97d3992f84f74       a1b2c3d4e5f6   2 hours ago     Running   web    0         ba11bb22cc33d   web-1\n",
            {"pod-container-restarts"},
        ),
        ("lvs -a", "  LV   VG   Attr       LSize   Data%  Meta%\n  thin data twi-aotzD- 100.00g 100.00 45.00\n", {"thin-pool-nearly-full"}),
        ("mount", "/dev/sda1 on / type ext4 (ro,relatime,errors=remount-ro)\n", {"mounted-read-only"}),
        ("ip a", "2: eth0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc mq state DOWN group default qlen 1000\n", {"link-no-carrier"}),
        ("openssl s_client -connect a:443", "Verify return code: 10 (certificate has expired)\n", {"certificate-expired"}),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)  # fmt: skip
def test_table_that_a_person_posts_is_read_as_the_probe_reads_it(
    command: str, text: str, expected: set[str]
) -> None:
    assert posted(command, text) == expected


def posted(command: str, text: str) -> set[str]:
    """The signatures that fit what somebody attached."""
    seen = Observation(
        id="E1", host="h", collector="", probe="", label=command, argv=(), outcome=Outcome.OK, text=text
    )
    return {finding.signature for finding in inspect(CATALOG, [seen])}
