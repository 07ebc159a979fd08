"""A session that goes on is the session that was: state by state, from what its events told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.engine.resume import resumed
from tai.engine.session import Session
from tai.errors import InputError, ModelError
from tai.events import Event, HostConnecting, Reads, SessionStarted, Stamped
from tai.llm.scripted import ScriptedEngine
from tai.record import fold
from tai.transport.base import Target
from tests.engine.test_investigate import CATALOG, NOW, TICKET, Stage, stage


def told_by(run: Stage, **started: object) -> list[Stamped]:
    first = SessionStarted.model_validate(
        {"version": "0", "engine": "deterministic", "nonce": "ab" * 8, **started}
    )
    events: list[Event] = [first, *run.events]
    return [Stamped(n, NOW, "s", event) for n, event in enumerate(events, start=1)]


def again(run: Stage, folder: Path, **started: object) -> Session:
    return resumed(fold(told_by(run, **started)), folder, CATALOG, Target)


def alike(one: Session, other: Session) -> None:
    for name in (
        *("id", "nonce", "target", "host", "ticket", "skipped", "observations", "findings", "conversation"),
        *("pinned", "prompt", "diagnosis", "sealed", "prompt_text"),
    ):
        assert getattr(one, name) == getattr(other, name), name
    assert [(s.n, s.collector, s.argv) for s in one.steps] == [
        (s.n, s.collector, s.argv) for s in other.steps
    ]
    assert [step.parser for step in one.steps] == [step.parser for step in other.steps]
    assert [step.probe.id for step in one.steps] == [step.probe.id for step in other.steps]


async def test_all_of_a_conversation_comes_back(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("it is not DNS, we checked. Is it the mount /srv of nginx.service?")
    run.investigation.pin("we rebooted it at 14:05")
    run.investigation.pin("the backup ran")
    run.investigation.unpin(2)
    await run.investigation.run_line("df -h | tail -n 1")
    alike(again(run, tmp_path), run.investigation.session)


async def test_what_was_put_away_stays_away(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    await run.investigation.clear()
    session = again(run, tmp_path)
    alike(session, run.investigation.session)
    assert session.observations
    assert session.ticket is None
    await run.investigation.diagnose(TICKET)
    await run.investigation.use_host("db-02")
    session = again(run, tmp_path)
    alike(session, run.investigation.session)
    assert session.observations == []
    assert session.target_name == "db-02"
    assert session.ticket is not None


async def test_it_goes_on_with_the_next_number_and_sends_nothing_twice(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    before = run.investigation.session
    last, sent = max(step.n for step in before.steps), {step.argv for step in before.steps}
    later = stage(tmp_path)
    session, kept = later.investigation.session, again(run, tmp_path)
    for name in Session.__slots__:
        setattr(session, name, getattr(kept, name))
    await later.investigation.follow_up("and what about the memory of postgresql.service?")
    fresh = [step for step in session.steps if step.n > last]
    assert fresh, "it looks at the host anew"
    assert not sent.intersection(step.argv for step in fresh)
    assert [message.content for message in session.conversation[: len(before.conversation)]] == [
        message.content for message in before.conversation
    ]
    assert len(session.conversation) == len(before.conversation) + 2


def way(**fields: object) -> list[Stamped]:
    events: list[Event] = [
        SessionStarted(version="0", engine="deterministic"),
        HostConnecting.model_validate({"host": "web-01", **fields}),
    ]
    return [Stamped(n, NOW, "s", event) for n, event in enumerate(events, start=1)]


def test_the_way_of_the_record_is_gone_again_and_flags_win(tmp_path: Path) -> None:
    told = fold(way(user="ops", port=2222, via=("a", "b"), identity_files=("/k",), ssh_config=False))
    session = resumed(told, tmp_path, CATALOG, Target)
    assert session.target == Target("web-01", "ops", 2222, (Path("/k"),), "a,b", use_ssh_config=False)
    session = resumed(told, tmp_path, CATALOG, lambda name: Target(name, user="me", jump="c"))
    assert session.target == Target("web-01", "me", 2222, (Path("/k"),), "c", use_ssh_config=False)


@pytest.mark.parametrize("reads", ["sosreport", "recording", "nothing"])
async def test_what_was_no_host_is_never_gone_to_by_its_name(tmp_path: Path, reads: Reads) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    session = again(run, tmp_path, reads=reads)
    assert session.target is None
    later = stage(tmp_path)
    for name in Session.__slots__:
        setattr(later.investigation.session, name, getattr(session, name))
    with pytest.raises(InputError, match="/host NAME looks at a host anew"):
        await later.investigation.collect(())
    assert later.told("host_connecting") == []
    await later.investigation.follow_up("is it the disk?")
    assert later.told("host_connecting") == []
    assert later.told("diagnosed"), "questions are answered from what is there"


async def test_an_anonymised_session_is_not_looked_at_again(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    session = again(run, tmp_path, anonymized=True)
    assert "--anonymize" in session.sealed
    assert session.target is None


async def test_who_answers_last_is_told_and_the_conversation_stays(tmp_path: Path) -> None:
    other = ScriptedEngine([ModelError("gone"), ModelError("gone")])
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    before = list(run.investigation.session.conversation)
    await run.investigation.use_engine(other)
    assert fold(told_by(run)).engine == other.name
    await run.investigation.follow_up("and what about the memory?")
    (question,) = other.asked
    assert list(question.messages[: len(before)]) == before
    await run.investigation.use_engine(None)
    await run.investigation.follow_up("and the disk?")
    assert len(other.asked) == 1
    assert fold(told_by(run)).engine == "deterministic"
    alike(again(run, tmp_path), run.investigation.session)
