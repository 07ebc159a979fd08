"""What needs a person's word before it runs, over a recorded host: destinations, links, stand-ins turned back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.answer import SaidCheck
from tai.events import CommandSent
from tai.llm.scripted import ScriptedEngine
from tai.model import Facts, Host, Outcome
from tai.policy import ReadOnlyCommand
from tai.policy.wire import Wire
from tai.text import Anonymiser
from tai.transport.base import Completed
from tests.engine.evidence import DF
from tests.engine.test_investigate import DF_ARGV, FULL, Recorded, Stage, argv_of, quoting, stage

TICKET = "uploads to /srv fail on db-01 since 14:00, seen from 10.20.30.40"
Outputs = dict[tuple[str, ...], Completed]
PINGS: Outputs = {
    ("ping", "-c", "1", "--", name): Completed(0, b"1 received\n") for name in ("10.20.30.40", "10.9.9.9")
}
HOST = Host(name="db-01", facts=Facts(os_id="debian", family="debian", kernel="6.1"))


class Person:
    """Agrees to everything, and remembers to what."""

    def __init__(self, answer: bool = True) -> None:  # noqa: FBT001 - a person's yes or no
        self.asked: list[tuple[str, ...]] = []
        self._answer = answer

    async def __call__(self, command: ReadOnlyCommand) -> bool:
        self.asked.append(command.argv)
        return self._answer


def sent(run: Stage) -> list[tuple[str, ...]]:
    return [event.argv for event in run.events if isinstance(event, CommandSent)]


def proposing(*argv: str) -> ScriptedEngine:
    answer = quoting("E1", 3, FULL, next_checks=[SaidCheck(argv=argv, why="is it there?")])
    return ScriptedEngine([answer, answer])


async def test_destination_that_only_a_model_named_is_refused_without_asking_anybody(tmp_path: Path) -> None:
    person = Person()
    outputs: Outputs = {DF_ARGV: Completed(0, DF.encode()), **PINGS}
    run = stage(tmp_path, engine=proposing("ping", "-c", "1", "10.9.9.9"), outputs=outputs, approve=person)
    await run.investigation.diagnose(TICKET)
    await run.investigation.next_check(1)
    seen = run.investigation.session.observations[-1]
    assert seen.outcome is Outcome.REFUSED
    assert "10.9.9.9 is no approved destination" in seen.reason
    assert person.asked == []
    assert ("ping", "-c", "1", "--", "10.9.9.9") not in sent(run)


async def test_destination_of_the_ticket_is_asked_about_and_then_reached(tmp_path: Path) -> None:
    person = Person()
    outputs: Outputs = {DF_ARGV: Completed(0, DF.encode()), **PINGS}
    run = stage(tmp_path, engine=proposing("ping", "-c", "1", "10.20.30.40"), outputs=outputs, approve=person)
    await run.investigation.diagnose(TICKET)
    await run.investigation.next_check(1)
    assert run.investigation.session.observations[-1].outcome is Outcome.OK
    assert person.asked == [("ping", "-c", "1", "--", "10.20.30.40")]


@pytest.mark.parametrize("agrees", [True, False])
async def test_typed_destination_is_approved_and_the_command_still_asked_about(
    tmp_path: Path,
    agrees: bool,  # noqa: FBT001
) -> None:
    person = Person(agrees)
    run = stage(tmp_path, outputs=PINGS, approve=person)
    (seen,) = await run.investigation.run_line("ping -c 1 10.9.9.9")
    assert person.asked == [("ping", "-c", "1", "--", "10.9.9.9")]
    assert (seen.outcome is Outcome.OK) is agrees


class Linked(Recorded):
    """A host where a log is a link to configuration that may hold credentials."""

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        argv = argv_of(wire)
        if argv[0] == "realpath":
            return Completed(0, b"/etc/php/fpm.conf\n")
        return await super()._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)


async def test_link_to_what_asks_first_is_asked_about_under_its_true_name(tmp_path: Path) -> None:
    plain, leading = (
        ReadOnlyCommand(["cat", "/var/log/app.log"]),
        ReadOnlyCommand(["cat", "/etc/php/fpm.conf"]),
    )
    assert (plain.tier, leading.tier) == ("A", "B")
    person = Person(answer=False)
    run = stage(tmp_path, connection=Linked(HOST, {}), approve=person)
    (seen,) = await run.investigation.run_line("cat /var/log/app.log")
    assert seen.outcome is Outcome.REFUSED
    assert person.asked == [leading.argv]
    assert leading.argv not in sent(run)


async def test_check_that_was_proposed_with_stand_ins_is_sent_with_the_true_names(tmp_path: Path) -> None:
    anonymiser = Anonymiser(b"key")
    stand_in = anonymiser.anonymise("10.20.30.40")
    assert stand_in != "10.20.30.40"
    outputs: Outputs = {DF_ARGV: Completed(0, DF.encode()), **PINGS}
    run = stage(
        tmp_path,
        engine=proposing("ping", "-c", "1", stand_in),
        outputs=outputs,
        approve=Person(),
        anonymiser=anonymiser,
    )
    await run.investigation.diagnose(TICKET)
    await run.investigation.next_check(1)
    assert ("ping", "-c", "1", "--", "10.20.30.40") in sent(run)
    seen = run.investigation.session.observations[-1]
    assert seen.outcome is Outcome.OK
    assert seen.argv == ("ping", "-c", "1", "--", stand_in)
    assert "10.20.30.40" not in run.investigation.session.prompt_text
    assert "db-01" not in run.investigation.session.prompt_text


async def test_names_that_become_known_later_are_hidden_in_earlier_evidence_too(tmp_path: Path) -> None:
    log = "Nov 21 14:00:00 cache-7 app[1]: started\n"
    loadavg, hosts = ("cat", "--", "/proc/loadavg"), ("cat", "--", "/etc/hosts")
    outputs: Outputs = {
        loadavg: Completed(0, b"cache-7 answers slowly\n"),
        hosts: Completed(0, log.encode()),
    }
    run = stage(tmp_path, outputs=outputs, anonymiser=Anonymiser(b"key"))
    (before,) = await run.investigation.run_line("cat /proc/loadavg")
    assert before.text == "cache-7 answers slowly\n", "nothing told yet that this is a name"
    await run.investigation.run_line("cat /etc/hosts")
    after = run.investigation.session.observation(before.id)
    assert after is not None
    assert "cache-7" not in after.text
    assert after.text.endswith(" answers slowly\n")


async def test_follow_up_may_speak_of_stand_ins(tmp_path: Path) -> None:
    anonymiser = Anonymiser(b"key")
    run = stage(tmp_path, engine=ScriptedEngine([quoting("E1", 3, FULL)] * 2), anonymiser=anonymiser)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up(f"what about {anonymiser.anonymise('10.20.30.40')}?")
    ticket = run.investigation.session.ticket
    assert ticket is not None
    assert ticket.subjects.addresses == ("10.20.30.40",)
    assert "10.20.30.40" not in run.investigation.session.prompt_text
