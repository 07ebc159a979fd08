"""The record on disk: complete, chained, and there before anything is sent."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.bus import Bus
from tai.errors import InputError
from tai.events import CommandSent, Event, Noted, SessionEnded, Stamped, decode, encode
from tai.record import Record, verify

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


def test_a_command_is_on_disk_when_emit_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    record = Record(tmp_path / "s")
    bus = Bus("s1", [record])
    bus.emit(Noted(text="not worth waiting for the disk"))
    assert synced == []
    bus.emit(SENT)
    assert synced == [record.path.stat().st_size]
    record.close()


def test_without_a_writable_record_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("in the way")
    with pytest.raises(InputError, match="cannot record the session"):
        Record(tmp_path / "s")


def test_a_full_disk_stops_the_run_instead_of_going_on_unrecorded() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    record = Record.__new__(Record)
    record.path, record._chain, record._file = Path("/dev/full"), "", os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(InputError, match="No space left"):
        Bus("s", [record]).emit(SENT)
    record.close()


def test_sinks_get_events_in_order_record_first() -> None:
    order: list[str] = []
    bus = Bus("s", [lambda _: order.append("record"), lambda _: order.append("screen")])
    bus.emit(Noted(text="x"))
    bus.emit(Noted(text="y"))
    assert order == ["record", "screen"] * 2
