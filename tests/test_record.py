"""The record on disk: complete, chained, and there before anything is sent."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.bus import Bus
from tai.catalog import Probe
from tai.engine.collect import Collection
from tai.engine.grants import Grants
from tai.engine.options import Caps
from tai.engine.plan import Step
from tai.engine.pseudonyms import Pseudonyms
from tai.errors import InputError
from tai.events import CommandSent, Event, Noted, SessionEnded, Stamped, decode, encode
from tai.model import Host
from tai.policy import ReadOnlyCommand
from tai.policy.wire import Wire
from tai.record import Record, verify
from tai.text import Redactor
from tai.transport.base import Completed
from tai.transport.replay import ReplayConnection

SENT = CommandSent(n=1, host="h", collector="disk", probe="df", argv=("df", "-h"), tier="A", sandbox="argv")


def recorded(folder: Path, *events: Event) -> list[str]:
    record = Record(folder)
    bus = Bus("s1", [record])
    for event in events:
        bus.emit(event)
    record.close()
    return record.path.read_text().splitlines()


def test_an_event_comes_back_as_it_went_in() -> None:
    stamped = Stamped(3, datetime(2026, 11, 21, 14, 0, tzinfo=UTC), "s1", SENT)
    assert decode(encode(stamped)) == stamped


@given(st.text(max_size=80))
def test_any_text_survives_one_line_of_ndjson(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    line = encode(Stamped(1, datetime(2026, 1, 1, tzinfo=UTC), "s", Noted(text=text)))
    assert "\n" not in line
    assert decode(line).event == Noted(text=text)


def test_the_record_is_whole_and_private(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "s", SENT, Noted(text="ä\n"), SessionEnded(exit_code=0))
    assert verify(lines) is None
    assert [decode(line).seq for line in lines] == [1, 2, 3]
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "s" / "events.ndjson").stat().st_mode) == 0o600


@pytest.mark.parametrize("tamper", ["change", "drop", "swap", "add"])
def test_tampering_shows_at_its_line(tmp_path: Path, tamper: str) -> None:
    lines = recorded(tmp_path / "s", *(Noted(text=f"line {n}") for n in range(5)))
    match tamper:
        case "change":
            lines[2] = lines[2].replace("line 2", "line X")
        case "drop":
            del lines[2]
        case "swap":
            lines[2], lines[3] = lines[3], lines[2]
        case _:
            lines.insert(2, lines[1])
    assert verify(lines) == 3


@pytest.mark.parametrize("junk", ["", "{}", "not json", '{"chain":"x"}'])
def test_a_line_that_is_no_record_is_a_break(junk: str) -> None:
    assert verify([junk]) == 1


async def test_a_command_is_on_disk_when_the_wait_is_over_and_many_share_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    record = Record(tmp_path / "s")
    bus = Bus("s1", [record], durable=record)
    bus.emit(Noted(text="not worth waiting for the disk"))
    assert synced == []
    for _ in range(5):
        bus.emit(SENT)
    await asyncio.gather(*(bus.on_disk() for _ in range(5)))
    assert synced == [record.path.stat().st_size]
    await bus.on_disk()
    assert len(synced) == 1, "nothing was written since"
    bus.emit(SENT)
    await bus.on_disk()
    assert synced[1:] == [record.path.stat().st_size]
    record.close()


async def test_no_command_leaves_before_its_line_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable: list[bytes] = [b""]
    record = Record(tmp_path / "s")
    monkeypatch.setattr(os, "fsync", lambda _: durable.append(record.path.read_bytes()))
    argvs = [("uptime",), ("df", "-h"), ("uname", "-a")]

    class Recorded(ReplayConnection):
        async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
            sent = [json.loads(line)["argv"] for line in durable[-1].splitlines()]
            left.append((wire.command, sent))
            return await super()._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)

    left: list[tuple[str, list[list[str]]]] = []
    collection = Collection(
        Recorded(Host(name="h"), {}),
        bus=Bus("s1", [lambda e: record(e) if isinstance(e.event, CommandSent) else None], durable=record),
        redactor=Redactor(),
        pseudonyms=Pseudonyms(),
        keep=lambda _: None,
        caps=Caps(),
        grants=Grants(),
        ticket=lambda: None,
    )
    steps = [
        Step(n, "test", Probe(id="p", title="t", argv=argv), ReadOnlyCommand(argv).argv, "", "")
        for n, argv in enumerate(argvs, start=1)
    ]
    await collection.run(steps)
    record.close()
    assert len(left) == len(argvs)
    for command, sent in left:
        assert any(all(word in command for word in argv) for argv in sent), (command, sent)


def test_without_a_writable_record_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("in the way")
    with pytest.raises(InputError, match="cannot record the session"):
        Record(tmp_path / "s")


def test_a_full_disk_stops_the_run_instead_of_going_on_unrecorded() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    record = Record.__new__(Record)
    record.path, record._chain, record._file = Path("/dev/full"), "", os.open("/dev/full", os.O_WRONLY)
    record._written = 0
    with pytest.raises(InputError, match="No space left"):
        Bus("s", [record]).emit(SENT)
    record.close()


def test_sinks_get_events_in_order_record_first() -> None:
    order: list[str] = []
    bus = Bus("s", [lambda _: order.append("record"), lambda _: order.append("screen")])
    bus.emit(Noted(text="x"))
    bus.emit(Noted(text="y"))
    assert order == ["record", "screen"] * 2
