"""What sudo's words mean. The real sudo is met in tests/test_sudo_end_to_end.py; here are those of other versions."""

from __future__ import annotations

import pytest

from tai.engine.sudo import Sudo
from tai.model import Outcome
from tai.policy import ReadOnlyCommand, catalogue
from tai.policy.grammar import canonicalise
from tai.transport.base import Completed

DMESG = ReadOnlyCommand(["dmesg"])


@pytest.mark.parametrize(
    "said",
    [
        "sudo: a password is required",  # 1.9
        "sudo: no tty present and no askpass program specified",  # 1.8
        "sudo: sorry, you must have a tty to run sudo",  # requiretty
        "sudo: interactive authentication is required",  # sudo-rs
        "sudo-rs: interactive authentication is required",
        "Sorry, user tai is not allowed to execute '/usr/bin/dmesg -T' as root on web-01.",
        "tai is not in the sudoers file.",
        "tai is not in the sudoers file.  This incident will be reported.",
        "sudo: account validation failure, is your account locked?",
        'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
    ],
)
def test_refusal_turns_sudo_off_for_good(said: str) -> None:
    sudo = Sudo(allowed=True)
    assert sudo.serves(DMESG, euid=1000)
    noise = "sudo: unable to resolve host web-01: Name or service not known\n"
    outcome = sudo.outcome(Completed(1, stderr=f"{noise}{said}\n".encode()))
    assert outcome == (Outcome.NO_PERMISSION, f"sudo refused: {said}")
    assert not sudo.serves(DMESG, euid=1000)


def test_host_without_sudo_turns_it_off_too() -> None:
    sudo = Sudo(allowed=True)
    done = Completed(127, stderr=b"ionice: failed to execute sudo: No such file or directory\n")
    assert sudo.outcome(done) == (
        Outcome.NO_PERMISSION,
        "sudo refused: ionice: failed to execute sudo: No such file or directory",
    )
    assert sudo.off


@pytest.mark.parametrize(
    "done",
    [
        Completed(0, b"lines\n", b"sudo: unable to resolve host web-01\n"),
        Completed(1, b"", b"dmesg: read kernel buffer failed: Operation not permitted\n"),
        Completed(1, b"", b"nft: a password is required to be set\n"),
        Completed(None, timed_out=True),
    ],
)
def test_command_that_ran_or_failed_by_itself_is_no_refusal(done: Completed) -> None:
    sudo = Sudo(allowed=True)
    assert sudo.outcome(done) is None
    assert sudo.off == ""


def test_program_that_is_not_where_the_catalogue_says_is_missing_and_sudo_stays_on() -> None:
    sudo = Sudo(allowed=True)
    done = Completed(1, stderr=b"sudo: /usr/sbin/nft: command not found\n")
    assert sudo.outcome(done) == (Outcome.MISSING_TOOL, "sudo: /usr/sbin/nft: command not found")
    assert sudo.serves(DMESG, euid=1000)


def test_it_serves_only_where_allowed_marked_and_needed() -> None:
    assert not Sudo().serves(DMESG, euid=1000)
    assert not Sudo(allowed=True).serves(DMESG, euid=0)
    assert not Sudo(allowed=True).serves(ReadOnlyCommand(["cat", "/var/log/syslog"]), euid=1000)
    assert Sudo(allowed=True).serves(DMESG, euid=None)


def test_no_program_that_is_marked_for_sudo_reads_a_file_that_was_named() -> None:
    """The path guard looks with the login's rights: what root could read behind a link, it would not see."""
    marked = [program for program in catalogue().programs.values() if program.sudo]
    assert len(marked) > 30
    for program in marked:
        for form in program.distinct_forms():
            operands = [rule.type for choice in form.operands for rule in choice]
            values = [flag.value for flag in form.own_flags() if flag.value is not None]
            kinds = {value.path_kind for value in (*operands, *values)} - {None, "meta"}
            assert not kinds, f"{form.name}: {kinds}"


def test_path_for_sudo_is_absolute() -> None:
    assert DMESG.sudo_path == canonicalise(["dmesg"]).program == "/usr/bin/dmesg"
    assert ReadOnlyCommand(["uptime"]).sudo_path == ""
