"""The last door before a host: whatever is handed to it, only what the policy makes now goes through."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from tai.errors import PolicyRefusal
from tai.model import Host
from tai.policy import ReadOnlyCommand
from tai.policy.wire import Wire
from tai.transport.base import Completed
from tai.transport.replay import ReplayConnection
from tai.transport.run import run


class Watched(ReplayConnection):
    """Remembers what reached it, and with which bounds."""

    def __init__(self) -> None:
        super().__init__(Host(name="h"), {})
        self.sent: list[tuple[str, float, int]] = []

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        self.sent.append((wire.command, timeout_s, max_bytes))
        return Completed(0)


async def test_an_allowed_command_goes_through() -> None:
    connection = Watched()
    await run(connection, ReadOnlyCommand(["df", "-h"]))
    assert connection.sent[0][0].endswith("'df' '-h'")


async def test_a_forged_object_sends_nothing() -> None:
    class Forged:
        argv = ("df", "-h")

    emptied = object.__new__(ReadOnlyCommand)
    changed = ReadOnlyCommand(["df", "-h"])
    canonical = changed._canonical
    smuggled: Any = type("Canonical", (), {"argv": ("rm", "-rf", "/")})()
    object.__setattr__(changed, "_canonical", smuggled)
    connection = Watched()
    for command in (Forged(), emptied, changed):
        with pytest.raises((PolicyRefusal, AttributeError)):
            await run(connection, command)  # type: ignore[arg-type]
    assert connection.sent == []
    assert canonical.argv == ("df", "-h")


async def test_bounds_can_be_tightened_but_not_loosened() -> None:
    connection = Watched()
    command = ReadOnlyCommand(["df", "-h"])
    await run(connection, command, timeout_s=1, max_bytes=10)
    await run(connection, command, timeout_s=10_000, max_bytes=10**12)
    (_, tight_s, tight), (_, loose_s, loose) = connection.sent
    assert tight_s < loose_s == command.timeout_s + (tight_s - 1)
    assert (tight, loose) == (10, command.max_bytes)


def test_a_command_cannot_be_changed_or_subclassed() -> None:
    command = ReadOnlyCommand(["df", "-h"])
    with pytest.raises(AttributeError):
        command.argv = ("rm",)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del command._canonical
    with pytest.raises(TypeError, match="final"):
        type("Loose", (ReadOnlyCommand,), {})


def test_unpickling_passes_the_policy_again() -> None:
    data = pickle.dumps(ReadOnlyCommand(["df", "-h"]))
    assert pickle.loads(data) == ReadOnlyCommand(["df", "-h"])
    with pytest.raises(PolicyRefusal):
        pickle.loads(data.replace(b"df", b"rm"))
