"""How the read-only proof judges: what strace and the comparison say, as those programs spell it. No host needed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
# In the spelling of `strace -f -y --pidns-translation`.
_LOGIN = """\
900 openat(AT_FDCWD</>, "/proc/self/oom_score_adj", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 4</proc/900/oom_score_adj>
901 execve("/bin/bash", ["bash", "-c", "true"], 0x5580 /* 10 vars */) = 0
901 openat(AT_FDCWD</home/diag>, "/dev/tty", O_RDWR|O_NONBLOCK) = -1 ENXIO (No such device or address)
901 openat(AT_FDCWD</home/diag>, "/dev/null", O_RDWR) = 3</dev/null>
901 openat(AT_FDCWD</home/diag>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>
901 execve("/usr/bin/timeout", ["timeout", "-k", "5"], 0x5580 /* 10 vars */) = 0
901 kill(57 /* 902 in strace's PID NS */, SIGTERM) = 0
902 execve("/usr/bin/df", ["df", "-h"], 0x5580 /* 10 vars */) = 0
903 kill(77 /* 4000 in strace's PID NS */, 0) = 0
"""
_WRITES = """\
901 openat(AT_FDCWD</home/diag>, "/etc/x", O_WRONLY|O_CREAT, 0666) = 3</etc/x>
901 unlink("/var/log/syslog") = 0
901 kill(1 /* 800 in strace's PID NS */, SIGTERM) = 0
900 ftruncate(3</etc/shadow>, 0) = 0
"""


@pytest.fixture
def modules() -> Iterator[Any]:
    """The modules of vm-fixtures, which is a folder of scripts and not a package."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(ROOT / "vm-fixtures"))


def _judged(modules: Any, tmp_path: Path, trace: str) -> Any:
    file = tmp_path / "trace"
    file.write_text(trace)
    proof = modules("read_only_proof")
    verdict = proof.Verdict("debian-12", "")
    proof.judge_acts(modules("witness").read_trace(file).acts, verdict)
    return verdict


def test_what_a_login_does_is_allowed_with_its_reason(modules: Any, tmp_path: Path) -> None:
    verdict = _judged(modules, tmp_path, _LOGIN)
    assert verdict.against == []
    assert set(verdict.acted) == {
        "sshd and pam_loginuid mark their own process",
        "the login shell looks for its terminal; the session has none",
    }


def test_each_change_in_a_session_is_against_the_proof(modules: Any, tmp_path: Path) -> None:
    against = "\n".join(_judged(modules, tmp_path, _LOGIN + _WRITES).against)
    for change in (
        '"/etc/x"',
        'unlink("/var/log/syslog")',
        "kill(800, SIGTERM)",
        "ssh server: ftruncate(3</etc/shadow>",
    ):
        assert change in against


def test_what_differs_is_against_the_proof_unless_a_login_leaves_it(modules: Any) -> None:
    proof = modules("read_only_proof")
    journal = f"/var/log/journal/{'0' * 32}/system.journal"
    before = {
        "file": {journal: "size=1\tcontent=a", "/etc/fstab": "size=1\tcontent=a"},
        "sysctl": {"kernel.x": "0"},
    }
    after = {
        "file": {
            journal: "size=2\tcontent=b",
            "/etc/fstab": "size=1\tcontent=b",
            "/etc/new": "size=0\tcontent=",
        },
        "sysctl": {"kernel.x": "1"},
    }
    verdict = proof.Verdict("debian-12", "")
    proof.judge_state(before, after, verdict)
    assert verdict.against == [
        "differs: file /etc/fstab: content",
        "differs: file /etc/new: new",
        "differs: sysctl kernel.x: 0 → 1",
    ]
    assert list(verdict.changed) == ["journald writes that sshd and logind let someone in"]


def test_what_differs_on_the_twin_too_is_the_hosts_own_life(modules: Any) -> None:
    proof = modules("read_only_proof")
    before = {"file": {"/var/lib/db/16/base/1": "size=1", "/etc/x": "size=1"}, "process": {"7": "0 cron -f"}}
    after = {"file": {"/var/lib/db/16/base/1": "size=2", "/etc/x": "size=2"}, "process": {"9": "33 worker"}}
    verdict = proof.Verdict("debian-12", "")
    proof.judge_state(before, after, verdict, ["file /var/lib/db/15/base/1", "process 0 cron -f"])
    assert verdict.own == ["file /var/lib/db/N/base/1", "process 0 cron -f"]
    assert verdict.against == [
        "differs: file /etc/x: size=1 → size=2",
        "differs: process 33 worker: new",
    ]


def test_between_marks_a_process_is_still_known_by_what_it_started_before(
    modules: Any, tmp_path: Path
) -> None:
    file = tmp_path / "trace"
    file.write_text(_LOGIN + _WRITES)
    seen = modules("witness").read_trace(file, len(_LOGIN))
    assert [(act.program, act.path) for act in seen.acts[:2]] == [
        ("/usr/bin/timeout", "/etc/x"),
        ("/usr/bin/timeout", "/var/log/syslog"),
    ]
    assert seen.calls == 4
