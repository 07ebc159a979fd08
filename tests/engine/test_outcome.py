"""How the end of a command reads: "could not look" is never "nothing there"."""

from __future__ import annotations

import pytest

from tai.engine.outcome import outcome_of
from tai.model import OTHER_OPTIONS, Outcome
from tai.transport.base import Completed


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        (Completed(0, b"a line\n"), Outcome.OK),
        (Completed(0, b""), Outcome.EMPTY),
        (Completed(0, b"-- No entries --\n"), Outcome.EMPTY),
        (Completed(None), Outcome.FAILED),
        (Completed(None, b"half", signal="KILL"), Outcome.FAILED),
        (Completed(None, b"half", disconnected="the link broke"), Outcome.DISCONNECTED),
        (Completed(None, b"half", timed_out=True), Outcome.TIMEOUT),
        (Completed(124, b"half"), Outcome.TIMEOUT),
        (Completed(137, b""), Outcome.TIMEOUT),
        (Completed(None, b"much", truncated=True), Outcome.OK),
        (Completed(127, b"", b"env: 'ss': No such file or directory"), Outcome.MISSING_TOOL),
        (
            Completed(1, b"", b"dmesg: read kernel buffer failed: Operation not permitted"),
            Outcome.NO_PERMISSION,
        ),
        (
            Completed(
                0, b"", b"Hint: You are currently not seeing messages from other users and the system."
            ),
            Outcome.NO_PERMISSION,
        ),
        (Completed(2, b"", b"ls: cannot access '/x': No such file or directory"), Outcome.FAILED),
        (Completed(3, b"inactive\n"), Outcome.OK),
    ],
)
def test_outcome(done: Completed, outcome: Outcome) -> None:
    assert outcome_of(done, (0, 3))[0] is outcome


def test_a_partial_answer_is_ok_with_the_reason_beside_it() -> None:
    outcome, reason = outcome_of(
        Completed(0, b"12K /a\n", b"du: cannot read directory '/b': Permission denied"), (0,)
    )
    assert outcome is Outcome.OK
    assert reason.startswith("partial: du: cannot read")


def test_the_reason_is_the_programs_own_line_not_a_start_files_noise() -> None:
    noise = b"bash: /etc/profile.d/x.sh: oops\ncat: /x: No such file or directory\n"
    assert (
        outcome_of(Completed(1, b"", noise), (0,), program="cat")[1]
        == "exit 1: cat: /x: No such file or directory"
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_an_answer_counts_as_answered(outcome: Outcome) -> None:
    assert outcome.answered == (outcome.value in {"ok", "empty", "unparsed"})


@pytest.mark.parametrize(
    "stderr",
    [
        b"df: invalid option -- 'l'\nBusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) multi-call binary.\n\nUsage: df [-PkmhTai]\n",
        b"ps: unrecognized option '--sort=-pcpu'\n",
        b"BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) multi-call binary.\n\nUsage: ip [OPTIONS] address|route\n",
    ],
)
def test_program_that_does_not_know_the_option_has_not_answered_nothing(stderr: bytes) -> None:
    outcome, reason = outcome_of(Completed(1, b"", stderr), {0, 1})
    assert outcome is Outcome.FAILED
    assert OTHER_OPTIONS in reason
    assert outcome_of(Completed(1, b"", b"df: /mnt: Stale file handle\n"), {0, 1})[0] is Outcome.EMPTY
