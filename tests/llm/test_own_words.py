"""A finding is about the unit in whose own journal its line stands, by whatever name the program logs."""

from __future__ import annotations

import pytest

from tai.llm.own_words import said_by
from tai.model import Citation, Finding, Observation, Outcome, Subjects, Ticket

from .test_deterministic import ask, seen

DAY = "2026-11-20T14:00:0"
ERROR = "app-01 python3[125]: ERROR cannot accept a connection: [Errno 24] Too many open files"
WHOLE = f"{DAY}1+0000 {ERROR}\n{DAY}2+0000 app-01 sshd[9]: Server listening on 0.0.0.0 port 22.\n"
OWN = f"Nov 20 14:00:01 {ERROR}\n"
LISTENS = (
    "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
    "LISTEN 0      128          0.0.0.0:22        0.0.0.0:*\n"
    "LISTEN 20     200        127.0.0.1:8300      0.0.0.0:*\n"
)
GATEWAY = Ticket(
    text="gateway.service (port 8300) accepts nobody",
    words=("8300", "accepts", "gateway", "nobody"),
    subjects=Subjects(units=("gateway",), ports=(8300,)),
)


def observation(number: int, text: str, *argv: str) -> Observation:
    return Observation(
        id=f"E{number}", host="app-01", collector="", probe="", argv=argv, outcome=Outcome.OK, text=text
    )


def finding(text: str) -> Finding:
    return Finding(
        signature="file-limit-process",
        title="A program may not open more files",
        severity="high",
        category="cpu",
        subject="python3",
        cited=(Citation(observation="E1", line=1, text=text),),
        explanation="",
    )


@pytest.mark.parametrize(
    "argv",
    [
        ("journalctl", "--unit=gateway.service", "--lines=1000"),
        ("journalctl", "-u", "gateway.service", "-n", "5000"),
        ("systemctl", "status", "--", "gateway.service"),
    ],
)
def test_a_line_that_the_units_own_journal_holds_too_was_said_by_the_unit(argv: tuple[str, ...]) -> None:
    cited = finding(WHOLE.splitlines()[0])
    assert said_by(["other.service", "gateway.service"], cited, [observation(2, OWN, *argv)]) == (
        "gateway.service"
    )


def test_a_line_of_another_unit_or_of_a_file_was_not() -> None:
    cited = finding(WHOLE.splitlines()[0])
    elsewhere = [
        observation(1, WHOLE, "journalctl", "--lines=1000"),
        observation(2, OWN, "journalctl", "--unit=other.service"),
        observation(3, OWN, "cat", "gateway.service"),
        observation(
            4, "Nov 20 14:00:01 app-01 python3[125]: ready\n", "journalctl", "--unit=gateway.service"
        ),
    ]
    assert not said_by(["gateway.service"], cited, elsewhere)


def test_a_short_message_ties_nothing() -> None:
    own = observation(
        2, "Nov 20 14:00:01 app-01 python3[125]: Killed\n", "journalctl", "--unit=gateway.service"
    )
    assert not said_by(["gateway.service"], finding(f"{DAY}1+0000 app-01 bash[3]: Killed"), [own])


async def test_what_the_unit_said_is_the_cause_and_not_that_its_port_is_open_here_only() -> None:
    said = await ask(
        GATEWAY,
        seen(1, "journal", WHOLE),
        seen(2, "listening", LISTENS, "ss", "--tcp", "--listening", "--numeric", "--processes"),
        seen(3, "unit-journal", OWN, "journalctl", "--unit=gateway.service", "--lines=1000"),
    )
    assert said.outcome == "root_cause"
    assert "Too many open files" in said.cause


async def test_without_the_units_journal_nothing_ties_them() -> None:
    said = await ask(GATEWAY, seen(1, "journal", WHOLE))
    assert said.outcome == "inconclusive"
