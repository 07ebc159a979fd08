"""Sessions on disk: found, listed, locked while they run, removed in time."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tai.bus import Bus
from tai.errors import InputError
from tai.events import (
    Diagnosed,
    Event,
    HostConnecting,
    ObservationMade,
    SessionEnded,
    SessionStarted,
    TicketParsed,
)
from tai.model import Ticket
from tai.record import Record, Shelf, read, verify
from tests.frontends.story import DIAGNOSIS, DISK, HOSTILE

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STARTED = SessionStarted(version="0", engine="deterministic")


def session(folder: Path, name: str, *events: Event, leave_open: bool = False) -> Record:
    record = Record(folder / name)
    bus = Bus(name, [record])
    for event in (STARTED, *events):
        bus.emit(event)
    if not leave_open:
        record.close()
    return record


def test_a_list_tells_host_ticket_outcome_and_evidence(tmp_path: Path) -> None:
    ticket = TicketParsed(ticket=Ticket(text="\n\n/var is full\nsince noon"))
    seen, going = ObservationMade(n=1, observation=DISK), HostConnecting(host="db-01")
    session(
        tmp_path,
        "20261126-100000-aaaa",
        ticket,
        going,
        seen,
        Diagnosed(diagnosis=DIAGNOSIS),
        SessionEnded(exit_code=0),
    )
    session(tmp_path, "20261126-110000-bbbb", ticket, going, seen)
    session(tmp_path, "20261126-113000-cccc", going, SessionEnded(exit_code=3))
    running = session(tmp_path, "20261126-114000-dddd", going, leave_open=True)
    d, c, b, a = Shelf(tmp_path).all()
    assert (a.host, a.ticket, a.state, a.evidence) == ("db-01", "/var is full", "root cause", 1)
    assert (b.state, b.evidence, c.state, d.state) == ("cut off", 1, "failed", "running")
    assert a.began == datetime(2026, 11, 26, 10, tzinfo=UTC)
    assert a.size > 500
    running.close()


@pytest.mark.parametrize("ref", ["20261126-1", "aaaa", "20261126-100000-aaaa", "last"])
def test_an_id_is_found_by_its_beginning_its_end_or_as_the_last(tmp_path: Path, ref: str) -> None:
    session(tmp_path, "20261125-100000-bbbb")
    session(tmp_path, "20261126-100000-aaaa")
    assert Shelf(tmp_path).find(ref).name == "20261126-100000-aaaa"


def test_what_is_not_one_session_is_an_error_that_names_some(tmp_path: Path) -> None:
    session(tmp_path, "20261126-100000-bbbb")
    session(tmp_path, "20261126-100000-aaaa")
    shelf = Shelf(tmp_path)
    with pytest.raises(InputError, match="beginning of 2 sessions"):
        shelf.find("2026")
    with pytest.raises(InputError, match="the newest are 20261126-100000-bbbb"):
        shelf.find("1999")
    with pytest.raises(InputError, match="there is none"):
        Shelf(tmp_path / "nowhere").find("last")
    assert shelf.find("last", but="20261126-100000-bbbb").name.endswith("aaaa")


def test_old_sessions_go_and_then_the_oldest_until_the_rest_fits(tmp_path: Path) -> None:
    for days in (0, 1, 2, 40):
        at = NOW - timedelta(days=days)
        session(tmp_path, f"{at:%Y%m%d-%H%M%S}-aaaa", ObservationMade(n=1, observation=DISK))
    shelf = Shelf(tmp_path)
    newest, size = shelf.folders()[0], next(shelf.all()).size
    assert [f.name[:8] for f in shelf.prune(days=30, most_bytes=0, now=NOW)] == ["20261017"]
    gone = shelf.prune(days=0, most_bytes=size * 3 // 2, now=NOW)
    assert [f.name[:8] for f in gone] == ["20261125", "20261124"]
    assert shelf.folders() == [newest]
    assert shelf.prune(days=0, most_bytes=0, now=NOW + timedelta(days=9999)) == []


def test_a_running_session_and_the_one_to_keep_are_never_removed(tmp_path: Path) -> None:
    running = session(tmp_path, "20200101-000000-aaaa", leave_open=True)
    session(tmp_path, "20200102-000000-bbbb")
    shelf = Shelf(tmp_path)
    assert shelf.prune(days=1, most_bytes=1, now=NOW, keep="20200102-000000-bbbb") == []
    with pytest.raises(InputError, match="is running"):
        shelf.remove(shelf.find("aaaa"))
    with pytest.raises(InputError, match="is running"):
        Record(tmp_path / "20200101-000000-aaaa", again=True)
    running.close()
    assert len(shelf.prune(days=1, most_bytes=1, now=NOW)) == 2


def test_outputs_are_kept_compressed_as_they_were_told(tmp_path: Path) -> None:
    session(tmp_path, "s", ObservationMade(n=1, observation=DISK))
    kept = tmp_path / "s" / "outputs" / f"{DISK.id}.gz"
    assert gzip.decompress(kept.read_bytes()).decode() == DISK.text
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("torn", [1, 7, 200])
def test_a_torn_last_line_is_left_out_said_and_cut_off_when_the_session_goes_on(
    tmp_path: Path, torn: int
) -> None:
    session(tmp_path, "s", TicketParsed(ticket=Ticket(text=HOSTILE)), ObservationMade(n=1, observation=DISK))
    path = tmp_path / "s" / "events.ndjson"
    path.write_bytes(path.read_bytes()[:-torn])
    held = read(tmp_path / "s")
    assert [each.seq for each in held.events] == [1, 2]
    assert held.torn > 0
    assert held.broken is None
    record = Record(tmp_path / "s", again=True)
    bus = Bus("s", [record], seq=held.events[-1].seq)
    bus.emit(SessionEnded(exit_code=0))
    record.close()
    assert verify(path.read_text().splitlines()) is None
    assert [each.seq for each in read(tmp_path / "s").events] == [1, 2, 3]


def test_going_on_does_not_heal_a_changed_record(tmp_path: Path) -> None:
    session(tmp_path, "s", TicketParsed(ticket=Ticket(text="one")), SessionEnded(exit_code=0))
    path = tmp_path / "s" / "events.ndjson"
    path.write_text(path.read_text().replace('"text":"one"', '"text":"two"'))
    record = Record(tmp_path / "s", again=True)
    assert record.held is not None
    assert record.held.broken == 2
    Bus("s", [record], seq=3).emit(SessionEnded(exit_code=0))
    record.close()
    assert read(tmp_path / "s").broken == 2
    assert verify(path.read_text().splitlines()) == 2
