"""A recorded host answers what was recorded, and says so about the rest."""

from __future__ import annotations

import pytest

from tai.model import Facts, Host
from tai.policy import ReadOnlyCommand
from tai.transport.base import Completed
from tai.transport.replay import ReplayConnection
from tai.transport.run import run

DF = ReadOnlyCommand(["df", "-h"])
AWKWARD = ReadOnlyCommand(["grep", "-F", "-e", "it's", "/etc/hostname"])


@pytest.fixture
def replay() -> ReplayConnection:
    host = Host(name="db-01", facts=Facts(os_id="debian"))
    return ReplayConnection(
        host, {DF.argv: Completed(0, b"Filesystem\nfull\n"), AWKWARD.argv: Completed(1, stderr=b"none\n")}
    )


async def test_a_recorded_command_gives_its_recorded_end(replay: ReplayConnection) -> None:
    assert await run(replay, DF) == Completed(0, b"Filesystem\nfull\n")
    assert await run(replay, AWKWARD) == Completed(1, stderr=b"none\n")
    assert await run(replay, DF, timeout_s=1) == Completed(0, b"Filesystem\nfull\n")


async def test_what_was_not_recorded_is_no_success(replay: ReplayConnection) -> None:
    done = await run(replay, ReadOnlyCommand(["df", "-i"]))
    assert done.exit == 127
    assert b"not recorded" in done.stderr


async def test_the_cap_cuts_a_recording_too(replay: ReplayConnection) -> None:
    done = await run(replay, DF, max_bytes=4)
    assert (done.exit, done.stdout, done.truncated) == (None, b"File", True)


async def test_it_claims_no_sandbox(replay: ReplayConnection) -> None:
    assert replay.sandbox.level == "argv"
    assert replay.sandbox.missing
    await replay.close()
