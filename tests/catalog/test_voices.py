"""Nobody but the kernel and systemd can make tai believe that they spoke."""

from __future__ import annotations

import pytest

from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tests.shipped import shipped

CATALOG = shipped()
KILLED = "Out of memory: Killed process 812 (mariadbd) total-vm:9180110kB, anon-rss:7801908kB, file-rss:0kB, shmem-rss:0kB, UID:109 pgtables:16kB oom_score_adj:0"


def found(text: str, label: str = "/var/log/syslog") -> set[str]:
    seen = Observation(id="E1", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text)
    return {finding.signature for finding in inspect(CATALOG, [seen])}


@pytest.mark.parametrize(
    "line",
    [
        f"Nov 20 14:00:01 db-01 kernel: {KILLED}",
        f"Nov 20 14:00:01 db-01 kernel: [ 2981.970870] {KILLED}",
        f"2026-11-20T14:00:01+0000 db-01 kernel: {KILLED}",
        f"[ 2981.970870] {KILLED}",
        f"<3>[ 2981.970870] {KILLED}",
        KILLED,
    ],
)
def test_the_kernel_is_believed_wherever_its_words_are_kept(line: str) -> None:
    assert "oom-kill" in found(line)


@pytest.mark.parametrize(
    "line",
    [
        f"Nov 20 14:00:01 chat-01 mattermost[812]: message from ann: {KILLED}",
        f"Nov 20 14:00:01 web-01 sshd[812]: Invalid user kernel: {KILLED} from 192.0.2.7 port 4711",
        f'192.0.2.7 - - [20/Nov/2026:14:00:01 +0000] "GET / HTTP/1.1" 200 612 "-" "kernel: {KILLED}"',
        f'web-01 nginx: 192.0.2.7 - - [20/Nov/2026:14:00:01 +0000] "GET / HTTP/1.1" 200 612 "-" "kernel: {KILLED}"',
    ],
)
def test_who_quotes_the_kernel_is_not_the_kernel(line: str) -> None:
    assert "oom-kill" not in found(line)


def test_a_client_cannot_make_any_finding_of_a_log_by_what_it_asks_for() -> None:
    made: dict[str, set[str]] = {}
    for signature in CATALOG.signatures.values():
        for case in signature.cases:
            words = case.text.replace('"', "'")
            if (
                case.matches
                and "\n" not in words
                and signature.match.line
                and "access-log" not in signature.reads
            ):
                line = f'192.0.2.7 - - [20/Nov/2026:14:00:01 +0000] "GET / HTTP/1.1" 200 612 "-" "{words}"'
                made[signature.id] = found(line, "/srv/www/requests")
    assert len(made) > 200
    assert {name: what for name, what in made.items() if what} == {}


def test_what_systemd_says_before_it_becomes_the_program_is_its_own() -> None:
    said = "shop.service: Failed to determine user credentials: No such process"
    for ident in ("systemd[1]", "(shopd)[332]", "(sd-executor)[332]"):
        assert "unit-user-missing" in found(f"Nov 20 14:00:01 web-01 {ident}: {said}")


def test_a_failed_unit_is_told_by_systemd_alone() -> None:
    said = "shop.service: Failed with result 'exit-code'."
    assert found(f"Nov 20 14:00:01 web-01 systemd[1]: {said}")
    assert not found(f"Nov 20 14:00:01 web-01 mattermost[812]: ann wrote: {said}")
