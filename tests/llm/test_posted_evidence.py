"""Evidence that came with a ticket: a fault in it is the ticket's cause only when something ties the two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tai.answer import Answer
from tai.engine.inspect import inspect
from tai.llm.base import Question
from tai.llm.complaints import complained_of
from tai.llm.deterministic import answer
from tai.model import Finding, Observation, Outcome
from tai.ticket import parse
from tests.shipped import shipped

CATALOG = shipped()
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)

DF = (
    "df -h",
    "Filesystem      Size  Used Avail Use% Mounted on\n/dev/vdb1       2.0G  2.0G   20K 100% /srv\n/dev/vda1        20G  7.1G   12G  38% /\n",
)
OOM = (
    "dmesg",
    "[ 8126.331561] Out of memory: Killed process 29410 (java) total-vm:17180110kB, anon-rss:12801908kB, file-rss:0kB, shmem-rss:0kB\n",
)
TRACKING = ("dmesg", "[38775.392631] nf_conntrack: nf_conntrack: table full, dropping packet\n" * 3)
PORT = (
    "journalctl -u nginx",
    "Nov 20 14:02:11 web nginx[811]: nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n",
)
CERTIFICATE = (
    "journalctl -u vault",
    "Nov 20 14:02:11 sec vault[811]: error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-20T14:02:11Z is after 2026-11-19T00:00:00Z\n",
)
MODES = (
    "/var/log/auth.log",
    "Nov 20 14:02:11 web sshd[811]: Authentication refused: bad ownership or modes for file /home/ann/.ssh/authorized_keys\n",
)
SATA = (
    "dmesg",
    "[ 8126.1] ata4.00: failed command: READ FPDMA QUEUED\n[ 8126.2] ata4.00: status: { DRDY ERR }\n[ 8126.3] ata4.00: error: { UNC }\n",
)
LIBRARY = (
    "journalctl -u shop",
    "Nov 20 14:02:11 web shop[811]: /opt/shop/bin/shop: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory\n",
)
RAID = (
    "cat /proc/mdstat",
    "Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0](F)\n      12581816 blocks super 1.2 [2/1] [_U]\n\nunused devices: <none>\n",
)


def asked(ticket: str, label: str, text: str) -> tuple[Answer, list[Finding]]:
    seen = Observation(id="E1", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text)
    findings = inspect(CATALOG, [seen])
    question = Question((), parse(ticket, now=NOW), (seen,), tuple(findings))
    return answer(question, CATALOG.symptoms, CATALOG.bearings), findings


BELONGING = [
    ("The nightly export cannot be saved to /srv any more.", DF, "disk-full"),
    ("Orders are rejected, the application writes that it cannot save its files.", DF, "disk-full"),
    ("The search process disappears a few times a day.", OOM, "oom-kill"),
    ("Clients of the gateway see their new connections time out in the evening.", TRACKING, "conntrack-full"),
    ("nginx does not come up after the move to the new machine.", PORT, "address-in-use"),
    ("Handshakes with the secrets store fail since last night.", CERTIFICATE, "certificate-expired"),
    ("Ann cannot log in with her key on the freshly installed machine.", MODES, "ssh-key-file-modes"),
    ("The restore breaks off with an input/output error in one archive.", SATA, "ata-error"),
    ("A DegradedArray event was mailed to the operators by mdadm.", RAID, "raid-degraded"),
    ("web-01 is broken, see the log", LIBRARY, "missing-library"),
]


@pytest.mark.parametrize(("ticket", "evidence", "signature"), BELONGING, ids=lambda each: str(each)[:40])
def test_fault_that_can_do_what_the_ticket_complains_of_is_the_cause(
    ticket: str, evidence: tuple[str, str], signature: str
) -> None:
    said, findings = asked(ticket, *evidence)
    assert said.outcome == "root_cause"
    (top,) = [finding for finding in findings if finding.signature == signature][:1]
    assert top.explanation[:40] in said.cause


STRANGE = [
    ("Mails to our customers are marked as spam since Monday.", PORT),
    ("podman run fails for the rootless user: not enough ids.", CERTIFICATE),
    ("postgresql answers slowly in the evening hours.", MODES),
    ("The clock of the host runs ahead by an hour.", LIBRARY),
    ("sshd does not come up in the early boot image.", PORT),
    ("Docker refuses to start after the reinstallation.", TRACKING),
    ("The certificate of the portal is not trusted by older phones.", RAID),
    ("rabbitmq lost its quorum, two of three brokers left the cluster.", LIBRARY),
    ("Name resolution for internal zones fails with servfail.", MODES),
    ("kubelet does not stay up on the new node.", OOM),
    ("redis loses its replica every hour.", CERTIFICATE),
]


@pytest.mark.parametrize(("ticket", "evidence"), STRANGE, ids=lambda each: str(each)[:40])
def test_fault_of_another_story_is_told_and_not_taken_for_the_cause(
    ticket: str, evidence: tuple[str, str]
) -> None:
    said, findings = asked(ticket, *evidence)
    assert findings, "the evidence does show a fault"
    assert said.outcome == "inconclusive"
    quoted = {quote.text for claim in said.observations for quote in claim.quotes}
    assert {finding.cited[0].text[:600] for finding in findings if finding.severity != "info"} & quoted


def test_other_programs_fault_is_meant_when_the_evidence_speaks_of_the_named_one() -> None:
    label, text = LIBRARY
    said, _ = asked("haproxy answers 503 for the shop.", label, text)
    assert said.outcome == "root_cause"  # the ticket's own word, the shop
    mute = text.replace("shop", "cart")
    assert asked("haproxy answers badly for everyone.", "journalctl", mute)[0].outcome == "inconclusive"
    line = "Nov 20 14:02:12 web haproxy[7]: Server front/one is DOWN, reason: Layer4 connection problem\n"
    assert asked("haproxy answers badly for everyone.", "journalctl", mute + line)[0].outcome == "root_cause"


@pytest.mark.parametrize(
    ("text", "effects"),
    [
        ("The unit refuses to start", {"unit-failure"}),
        ("It isn’t starting and doesn't come up", {"unit-failure"}),
        ("502 Bad Gateway from the balancer", {"backend-error"}),
        ("x509: handshake broken", {"tls-error"}),
        ("Backup stops with an Input/Output error", {"read-error"}),
        ("drops new connections", {"connection-error"}),
        ("Mailing list archive looks odd", set()),
    ],
)
def test_complaints_are_read_from_the_words_of_tickets(text: str, effects: set[str]) -> None:
    assert complained_of(text) == effects
