"""A stated fact rules out what it speaks of, and nothing beside it."""

from __future__ import annotations

import pytest

from tai.llm.ruled_out import ruled_out
from tai.model import Citation, Finding
from tai.ticket.stated import stated


def finding(signature: str, category: str, subject: str = "") -> Finding:
    return Finding(
        signature=signature,
        title="t",
        severity="high",
        category=category,
        subject=subject,
        cited=(Citation(observation="E1", line=1, text="x"),),
        explanation="e",
    )


FULL = finding("disk-full", "disk", "/srv")
INODES = finding("inodes-full", "disk", "/srv")
NAMES = finding("name-resolution", "dns")
CERTIFICATE = finding("certificate-expired", "tls-time", "shop.example")
CLOCK = finding("clock-offset", "tls-time")
EXITED = finding("unit-exited", "service-failure", "nginx.service")


@pytest.mark.parametrize(
    ("said", "out"),
    [
        ("it is not DNS, we checked", [NAMES]),
        ("the disk is fine", [FULL, INODES]),
        ("the inodes are fine", [INODES]),
        ("/srv is fine", [FULL, INODES]),
        ("the disk /var is fine", []),
        ("the certificate is fine", [CERTIFICATE]),
        ("the clock is fine", [CLOCK]),
        ("nginx is not the cause", [EXITED]),
        ("nginx is not running", []),
        ("no space left on /srv", []),
        ("We rebooted it at 14:05", []),
    ],
)
def test_what_a_fact_rules_out(said: str, out: list[Finding]) -> None:
    pinned = stated(said)
    every = (FULL, INODES, NAMES, CERTIFICATE, CLOCK, EXITED)
    assert [each for each in every if ruled_out(each, pinned)] == out
