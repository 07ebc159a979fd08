"""The loop itself, over a recorded host and with engines that say what a test wants said."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tai import resources
from tai.answer import Answer, SaidCheck, SaidClaim, SaidQuote, SaidValue
from tai.bus import Bus
from tai.engine.investigate import Investigation
from tai.engine.options import Caps, Options
from tai.engine.prompt import load_templates
from tai.engine.session import Session
from tai.errors import HostError, HostKeyError, InputError, ModelError, PolicyRefusal
from tai.events import Diagnosed, Event, FindingFound
from tai.frontends.render import Renderer
from tai.llm.base import Delta, Engine, Question, Said
from tai.llm.deterministic import DeterministicEngine
from tai.llm.scripted import ScriptedEngine
from tai.model import Diagnosis, Facts, Host, Outcome
from tai.policy.wire import Wire
from tai.text import Redactor
from tai.transport.base import Completed, Connection, Target
from tai.transport.replay import ReplayConnection
from tests.engine.evidence import DF
from tests.shipped import shipped

CATALOG = shipped()
TEMPLATES = load_templates([resources.folder("prompts")])
NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
FULL = DF.splitlines()[2]
TICKET = "uploads to /srv fail on db-01 since 14:00"
DF_ARGV = ("df", "-l", "-h", "-T")


@dataclass
class Stage:
    """An investigation with everything that it told."""

    investigation: Investigation
    events: list[Event] = field(default_factory=list)
    screen: io.StringIO = field(default_factory=io.StringIO)

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    async def heard(self, kind: str) -> None:
        """Wait until an event of this kind has been told."""
        while not self.told(kind):  # noqa: ASYNC110 - the bus is synchronous and knows no waiters
            await asyncio.sleep(0.01)

    @property
    def diagnosis(self) -> Diagnosis:
        found = self.investigation.session.diagnosis
        assert found is not None
        return found

    @property
    def ref(self) -> str:
        """The id of what df printed."""
        return next(
            seen.id
            for seen in self.investigation.session.observations
            if seen.argv == DF_ARGV and seen.outcome.answered
        )


def paths_as_they_are(argv: tuple[str, ...]) -> Completed | None:
    """realpath and stat of a host without symbolic links, on one local disk."""
    if argv[-1] == "/proc/self/mountinfo":
        return Completed(0, b"26 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n")
    if argv[0] == "realpath":
        return Completed(0, "".join(f"{path}\n" for path in argv[3:]).encode())
    if argv[0] == "stat":
        return Completed(
            0, "".join(f"regular file|{path}\n" for path in argv[argv.index("--") + 1 :]).encode()
        )
    return None


def argv_of(wire: Wire) -> tuple[str, ...]:
    """The command in a rendered line, behind the assignments of its environment."""
    words = wire.command.split("'")[1::2]
    return tuple(dropwhile(lambda word: "=" in word, words))


class Recorded(ReplayConnection):
    """A recorded host whose paths lead where they say."""

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        known = paths_as_they_are(argv_of(wire))
        return known or await super()._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)


def stage(
    tmp_path: Path,
    *,
    outputs: Mapping[tuple[str, ...], Completed] | None = None,
    engine: Engine | None = None,
    connection: Connection | None = None,
    failure: Exception | None = None,
    options: Options | None = None,
    **more: Any,
) -> Stage:
    """more: passed on to the investigation, such as `approve`."""
    host = Host(name="db-01", facts=Facts(os_id="debian", family="debian", kernel="6.1"))
    recorded = connection or Recorded(
        host, {DF_ARGV: Completed(0, DF.encode())} if outputs is None else outputs
    )

    async def connect(target: Target, report: Callable[[str], None]) -> Connection:
        report(f"reached {target.name}")
        if failure:
            raise failure
        return recorded

    made: list[Stage] = []
    screen = io.StringIO()
    renderer = Renderer(Console(file=screen, width=160, force_terminal=False))
    bus = Bus("s", [lambda stamped: made[0].events.append(stamped.event), renderer], clock=lambda: NOW)
    fallback = DeterministicEngine(CATALOG.symptoms, CATALOG.bearings)
    session = Session(id="s", folder=tmp_path, nonce="ab" * 8, target=Target("db-01"))
    investigation = Investigation(
        session,
        bus=bus,
        catalog=CATALOG,
        templates=TEMPLATES,
        connect=connect,
        engine=engine or fallback,
        fallback=fallback,
        redactor=Redactor(b"key"),
        options=options or Options(),
        clock=lambda: NOW,
        **more,
    )
    made.append(Stage(investigation, screen=screen))
    return made[0]


def quoting(evidence: str, line: int, text: str, **more: object) -> Answer:
    claim = SaidClaim(
        text="The file system is full.", quotes=(SaidQuote(evidence=evidence, line=line, text=text),)
    )
    return Answer.model_validate(
        {"outcome": "root_cause", "cause": "The file system /srv is full.", "evidence": [claim], **more}
    )


async def test_the_deterministic_engine_names_a_full_disk_from_df_alone(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    assert run.diagnosis.outcome == "root_cause"
    assert "/srv" in run.diagnosis.cause
    assert FULL in [quote.text for claim in run.diagnosis.claims for quote in claim.quotes]


async def test_the_same_host_gives_the_same_prompt_and_diagnosis_twice(tmp_path: Path) -> None:
    first, second = stage(tmp_path), stage(tmp_path)
    await first.investigation.diagnose(TICKET)
    await second.investigation.diagnose(TICKET)
    assert first.investigation.session.prompt_text == second.investigation.session.prompt_text
    assert first.diagnosis == second.diagnosis


async def test_an_invented_quote_is_shown_nowhere_as_evidence(tmp_path: Path) -> None:
    invented = "/dev/sdz9 ext4 900G 900G 0 100% /invented/by/the/model"
    run = stage(tmp_path, engine=ScriptedEngine([quoting("E1", 3, invented)]))
    await run.investigation.diagnose(TICKET)
    assert run.diagnosis.outcome == "inconclusive"
    assert run.diagnosis.claims == ()
    assert "/invented/by/the/model" not in run.screen.getvalue()
    assert (
        "The file system is full." in run.screen.getvalue()
    )  # the claim itself is shown, apart, as not verified


async def test_a_true_quote_is_shown_with_the_command_that_printed_it(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.gather(TICKET)
    ref = run.ref
    again = stage(tmp_path, engine=ScriptedEngine([quoting(ref, 3, FULL)]))
    await again.investigation.diagnose(TICKET)
    assert again.diagnosis.outcome == "root_cause"
    shown = again.screen.getvalue()
    assert f"{ref}:3" in shown
    assert FULL in shown
    assert "df -l -h -T" in shown


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ModelError("the server closed the connection", said='{"outcome": "ro'), '{"outcome": "ro'),
        (ModelError("it repeated itself"), ""),
    ],
)
async def test_a_model_that_fails_leaves_the_deterministic_answer_and_its_own_words(
    tmp_path: Path, failure: ModelError, words: str
) -> None:
    run = stage(tmp_path, engine=ScriptedEngine([failure]))
    await run.investigation.diagnose(TICKET)
    assert run.diagnosis.engine == "deterministic"
    assert run.diagnosis.degraded == failure.reason
    assert run.diagnosis.said == words
    assert run.diagnosis.outcome == "root_cause"
    assert run.told("engine_failed")
    assert failure.reason in run.screen.getvalue()


async def test_a_follow_up_keeps_the_prompt_and_adds_to_it(tmp_path: Path) -> None:
    engine = ScriptedEngine([quoting("E1", 3, FULL), quoting("E1", 3, FULL)])
    run = stage(tmp_path, engine=engine)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("it is not DNS, we checked")
    first, second = engine.asked
    assert second.messages[: len(first.messages)] == first.messages
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert "it is not DNS, we checked" in second.messages[-1].content
    assert len(run.told("diagnosed")) == 2


async def test_a_follow_up_that_names_a_unit_looks_at_it_and_at_nothing_twice(tmp_path: Path) -> None:
    run = stage(tmp_path, engine=ScriptedEngine([quoting("E1", 3, FULL)] * 2))
    await run.investigation.diagnose(TICKET)
    before = {step.argv for step in run.investigation.session.steps}
    await run.investigation.follow_up("what about postgresql?")
    after = [step.argv for step in run.investigation.session.steps]
    assert len(after) == len(set(after))
    fresh = [argv for argv in after if argv not in before]
    # Besides the unit, the name points to the databases' subject: what it looks at is new as well.
    assert any("postgresql.service" in " ".join(argv) for argv in fresh)


async def test_a_proposed_check_runs_on_request_and_the_engine_is_asked_again(tmp_path: Path) -> None:
    proposal = quoting("E1", 3, FULL, next_checks=[SaidCheck(argv=("df", "-h", "/srv"), why="how full?")])
    engine = ScriptedEngine([proposal, proposal])
    argv = ("df", "-h", "--", "/srv")
    run = stage(tmp_path, engine=engine, outputs={argv: Completed(0, DF.encode())})
    await run.investigation.diagnose(TICKET)
    await run.investigation.next_check(1)
    assert run.investigation.session.observations[-1].argv[0] == "df"
    assert run.investigation.session.observations[-1].outcome is Outcome.OK
    assert len(engine.asked) == 2
    with pytest.raises(InputError, match="no next check 7"):
        await run.investigation.next_check(7)


async def test_a_follow_up_begins_with_exactly_the_bytes_of_what_was_asked_before(tmp_path: Path) -> None:
    """Pins, checks, corrections and evidence made since are added behind; nothing before them is written anew."""
    proposal = quoting("E1", 3, FULL, next_checks=[SaidCheck(argv=("df", "-h", "/srv"), why="?")])
    engine = ScriptedEngine([proposal] * 5)
    run = stage(tmp_path, engine=engine)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("it is not DNS, we checked")
    await run.investigation.next_check(1)
    run.investigation.pin("nobody was logged in")
    await run.investigation.follow_up("what about postgresql on 10.0.0.7?")
    await run.investigation.follow_up("and now?")
    for earlier, later in pairwise(engine.asked):
        before = "".join(f"{m.role}\0{m.content}\0" for m in earlier.messages)
        after = "".join(f"{m.role}\0{m.content}\0" for m in later.messages)
        assert after.startswith(before)
        assert len(later.messages) == len(earlier.messages) + 2


async def test_what_the_user_states_is_pinned_told_and_said_again_with_each_later_question(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine([quoting("E1", 3, FULL)] * 4)
    run = stage(tmp_path, engine=engine)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("It is not DNS, we checked. What else could it be?")
    await run.investigation.follow_up("and the network?")
    run.investigation.unpin(1)
    await run.investigation.follow_up("so?")
    first, second, third, fourth = (question.messages[-1].content for question in engine.asked)
    fact = "- It is not DNS, we checked\n"
    assert [fact in each for each in (first, second, third, fourth)] == [False, True, True, False]
    assert [event.model_dump()["fact"]["excludes"] for event in run.told("fact_pinned")] == [("dns",)]
    assert run.told("fact_dropped")
    assert "(rules out: dns)" in run.screen.getvalue()
    assert engine.asked[2].pinned[0].text == "It is not DNS, we checked"
    with pytest.raises(InputError, match="no fact 7"):
        run.investigation.unpin(7)


async def test_the_deterministic_engine_does_not_name_again_what_the_user_ruled_out(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("The disk is fine, it was resized meanwhile.")
    assert "disk-full" in {finding.signature for finding in run.investigation.session.findings}
    run.investigation.unpin(1)
    await run.investigation.follow_up("so what is it?")
    outcomes = [event.diagnosis.outcome for event in run.events if isinstance(event, Diagnosed)]
    assert outcomes == ["root_cause", "inconclusive", "root_cause"]


async def test_facts_about_the_incident_go_along_to_another_host(tmp_path: Path) -> None:
    engine = ScriptedEngine([quoting("E1", 3, FULL)] * 3)
    run = stage(tmp_path, engine=engine)
    await run.investigation.diagnose(TICKET)
    await run.investigation.follow_up("No deploy was made.")
    await run.investigation.use_host("db-02")
    await run.investigation.diagnose(TICKET)
    assert len(engine.asked[-1].messages) == 2
    assert "- No deploy was made\n" in engine.asked[-1].messages[-1].content


async def test_facts_are_forgotten_with_the_conversation(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    run.investigation.pin("it is not DNS")
    with pytest.raises(InputError, match="is already"):
        run.investigation.pin("it is  not DNS")
    await run.investigation.clear()
    assert run.investigation.session.pinned == []


def unsure(*checks: SaidCheck) -> Answer:
    return Answer(outcome="inconclusive", cause="It does not show yet.", next_checks=checks)


def sent(run: Stage) -> list[tuple[str, ...]]:
    return [event.argv for event in run.told("command_sent") if event.kind == "command_sent" and event.n]


async def test_by_itself_it_runs_what_is_proposed_round_after_round_until_the_cause_shows(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine(
        [
            unsure(SaidCheck(argv=("df", "-h", "/srv")), SaidCheck(argv=("ping", "-c", "1", "10.0.0.9"))),
            unsure(SaidCheck(probe="unit-status", values=(SaidValue(name="unit", value="shop"),))),
            quoting("E1", 3, FULL),
        ]
    )
    run = stage(tmp_path, engine=engine, options=Options(auto=5))
    await run.investigation.diagnose(TICKET)
    assert [event.model_dump()["round"] for event in run.told("round_started")] == [1, 2]
    after = sent(run)[-2:]
    assert after[0] == ("df", "-h", "--", "/srv")
    assert after[1][0] == "systemctl"
    assert "shop.service" in after[1]
    assert not any(argv[0] == "ping" for argv in sent(run))
    assert len(engine.asked) == 3
    assert "round 1 of 5  by itself: df -h -- /srv" in run.screen.getvalue()
    assert run.investigation.session.observations[-1].probe == "unit-status", (
        "a named probe is read as that probe"
    )


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([unsure()] * 3, 1),  # nothing is proposed
        ([unsure(SaidCheck(argv=("df", "-h", "/srv")))] * 9, 2),  # the same again
        ([unsure(SaidCheck(argv=("du", "-sh", "/var")))] * 3, 1),  # what asks first, tier B
        ([unsure(SaidCheck(argv=("ping", "-c", "1", "10.0.0.9")))] * 3, 1),  # what sends packets, tier C
        ([unsure(SaidCheck(argv=("rm", "-rf", "/srv")))] * 3, 1),  # what is refused
        ([unsure(*(SaidCheck(argv=("df", "-h", f"/srv/{n}")),)) for n in range(9)], 3),  # the rounds end
        (
            [quoting("E1", 3, FULL, next_checks=[SaidCheck(argv=("df", "-h", "/srv"))])] * 3,
            1,
        ),  # the cause shows
    ],
)
async def test_by_itself_it_stops(tmp_path: Path, answers: list[Answer], asked: int) -> None:
    approved: list[object] = []

    async def approve(command: object) -> bool:
        approved.append(command)
        return True

    engine = ScriptedEngine(answers)
    run = stage(tmp_path, engine=engine, options=Options(auto=2), approve=approve)
    await run.investigation.diagnose(TICKET)
    assert len(engine.asked) == asked
    assert approved == []


async def test_by_itself_it_asks_nobody_when_a_link_leads_to_what_asks_first(tmp_path: Path) -> None:
    approved: list[object] = []

    async def approve(command: object) -> bool:
        approved.append(command)
        return True

    class Linked(Recorded):
        async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
            argv = argv_of(wire)
            if argv[0] == "realpath" and "/var/log/app.log" in argv:
                return Completed(0, b"/etc/myapp/app.conf\n" * len(argv[3:]))
            return await super()._execute(wire, timeout_s=timeout_s, max_bytes=max_bytes)

    host = Host(name="db-01", facts=Facts(family="debian"))
    engine = ScriptedEngine([unsure(SaidCheck(argv=("cat", "/var/log/app.log"))), unsure()])
    run = stage(
        tmp_path, engine=engine, connection=Linked(host, {}), options=Options(auto=1), approve=approve
    )
    await run.investigation.diagnose(TICKET)
    (seen,) = [each for each in run.investigation.session.observations if each.argv[-1] == "/var/log/app.log"]
    assert seen.outcome is Outcome.REFUSED
    assert "a person has to agree" in seen.reason
    assert approved == []


async def test_by_itself_it_keeps_to_the_cap_of_commands(tmp_path: Path) -> None:
    engine = ScriptedEngine([unsure(SaidCheck(argv=("df", "-h", "/srv")))] * 2)
    run = stage(tmp_path, engine=engine, options=Options(auto=2, caps=Caps(max_commands=3)))
    await run.investigation.diagnose(TICKET)
    assert len(sent(run)) <= 3
    assert "cap of 3 commands" in run.screen.getvalue()


async def test_a_check_that_was_run_already_is_not_offered_again(tmp_path: Path) -> None:
    engine = ScriptedEngine([unsure(SaidCheck(argv=DF_ARGV))])
    run = stage(tmp_path, engine=engine)
    await run.investigation.diagnose(TICKET)
    assert run.diagnosis.next_checks == ()
    assert run.diagnosis.dropped == (f"df -l -h -T: it was run already, see {run.ref}",)


async def test_of_several_answers_the_one_most_agree_with_is_taken_and_its_share_told(tmp_path: Path) -> None:
    odd = Answer(outcome="healthy", cause="All is well.")
    good = quoting("E1", 3, FULL)

    class Several(ScriptedEngine):
        async def ask(self, question: Question) -> AsyncGenerator[Delta | Said, None]:
            self.asked.append(question)
            yield Said(odd, others=(good, good), asked=3)

    engine = Several([])
    run = stage(tmp_path, engine=engine, options=Options(samples=3))
    await run.investigation.diagnose(TICKET)
    assert engine.asked[0].samples == 3
    assert run.diagnosis.outcome == "root_cause"
    assert "2 of 3 sampled answers name the same cause" in run.diagnosis.confidence.reasons


async def test_a_typed_line_passes_the_policy_whole_or_not_at_all(tmp_path: Path) -> None:
    run = stage(tmp_path)
    with pytest.raises(PolicyRefusal):
        await run.investigation.run_line("df -h; rm -rf /srv")
    assert not run.told("command_sent")


async def test_a_typed_pipeline_filters_here_and_becomes_evidence(tmp_path: Path) -> None:
    run = stage(tmp_path)
    made = await run.investigation.run_line("df -l -h -T | grep /srv | head -1")
    assert made[0].text.rstrip("\n") == FULL
    assert [event.argv for event in run.told("command_sent") if event.kind == "command_sent"][-1][0] == "df"


async def test_what_asks_first_does_not_run_without_a_person(tmp_path: Path) -> None:
    run = stage(tmp_path)
    made = await run.investigation.run_line("du -sh /var")
    assert made[0].outcome is Outcome.REFUSED
    assert "a person has to agree" in made[0].reason
    assert not run.told("command_sent")


async def test_a_host_that_cannot_be_reached_is_told_and_raised(tmp_path: Path) -> None:
    run = stage(tmp_path, failure=HostError("db-01", "connection refused", "Is sshd running?", hop="bastion"))
    with pytest.raises(HostError):
        await run.investigation.diagnose(TICKET)
    assert "at jump host bastion" in run.screen.getvalue()
    assert not run.told("plan_made")


async def test_a_host_that_cannot_be_trusted_is_told_as_such(tmp_path: Path) -> None:
    run = stage(tmp_path, failure=HostKeyError("db-01", "the key changed", "Ask its owner."))
    with pytest.raises(HostKeyError):
        await run.investigation.diagnose(TICKET)
    assert run.told("host_failed")[0].model_dump()["trusted"] is False


async def test_secrets_are_masked_before_anything_is_told(tmp_path: Path) -> None:
    secret = "hunter2" + "-correct-horse"
    text = f"Filesystem Size\npassword={secret} 10G\n"
    run = stage(tmp_path, outputs={DF_ARGV: Completed(0, text.encode())})
    await run.investigation.diagnose(f"{TICKET}\npassword: {secret}")
    assert secret not in "".join(repr(event) for event in run.events)
    assert secret not in run.screen.getvalue()
    assert "<redacted:" in run.investigation.session.prompt_text


async def test_the_runs_byte_cap_is_reported_for_what_it_left_out(tmp_path: Path) -> None:
    run = stage(tmp_path, options=Options(caps=Caps(max_bytes=0)))
    await run.investigation.collect(("disk",))
    assert {seen.outcome for seen in run.investigation.session.observations} == {Outcome.REFUSED}
    assert "max_run_bytes" in run.investigation.session.observations[0].reason


class Hanging(Recorded):
    """A host where no command ever ends."""

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        await asyncio.Event().wait()
        raise AssertionError


async def test_the_runs_time_limit_ends_it_with_a_reason(tmp_path: Path) -> None:
    host = Host(name="db-01", facts=Facts(family="debian"))
    run = stage(tmp_path, connection=Hanging(host, {}), options=Options(caps=Caps(run_timeout_s=0.05)))
    await run.investigation.diagnose(TICKET)
    assert {seen.outcome for seen in run.investigation.session.observations} == {Outcome.TIMEOUT}
    assert run.diagnosis.outcome == "inconclusive"
    assert "run_timeout" in run.investigation.session.observations[0].reason


async def test_an_interrupt_keeps_what_was_collected(tmp_path: Path) -> None:
    class HalfHanging(Recorded):
        async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
            if argv_of(wire)[0] == "df":
                return Completed(0, DF.encode())
            await asyncio.Event().wait()
            raise AssertionError

    host = Host(name="db-01", facts=Facts(family="debian"))
    run = stage(tmp_path, connection=HalfHanging(host, {}))
    work = asyncio.create_task(run.investigation.diagnose(TICKET))
    await run.heard("observation_made")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert run.told("interrupted")
    assert any(FULL in seen.text for seen in run.investigation.session.observations)
    assert run.told("finding_found"), "what the evidence so far tells is told"


async def test_a_finding_is_told_while_other_commands_still_run_and_only_once(tmp_path: Path) -> None:
    goes_on = asyncio.Event()

    class Waiting(Recorded):
        async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
            if argv_of(wire)[0] == "df":
                return Completed(0, DF.encode())
            await goes_on.wait()
            return Completed(0, b"")

    run = stage(tmp_path, connection=Waiting(Host(name="db-01", facts=Facts(family="debian")), {}))
    work = asyncio.create_task(run.investigation.diagnose(TICKET))
    await run.heard("finding_found")
    assert not run.told("prompt_made")
    assert len(run.told("observation_made")) < len(run.told("command_sent")), "commands are still running"
    goes_on.set()
    await work
    told = [event for event in run.told("finding_found") if isinstance(event, FindingFound)]
    first = [(each.finding.signature, each.finding.subject) for each in told if not each.revised]
    assert len(first) == len(set(first))
    last = {(each.finding.signature, each.finding.subject): each.finding for each in told}
    assert last
    assert sorted(last) == sorted(
        (found.signature, found.subject) for found in run.investigation.session.findings
    )
    assert all(last[found.signature, found.subject] == found for found in run.investigation.session.findings)


async def test_a_model_that_is_stopped_stops_asking(tmp_path: Path) -> None:
    closed = asyncio.Event()

    class Endless:
        name, model = "vllm", "m"

        async def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
            try:
                while True:
                    yield Delta("x")
                    await asyncio.sleep(0.005)
            finally:
                closed.set()

        async def close(self) -> None:
            return None

    run = stage(tmp_path, engine=Endless())
    work = asyncio.create_task(run.investigation.diagnose(TICKET))
    await run.heard("answer_delta")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.wait_for(closed.wait(), 2)


async def test_turning_to_another_host_drops_the_evidence_and_keeps_the_ticket(tmp_path: Path) -> None:
    run = stage(tmp_path)
    await run.investigation.diagnose(TICKET)
    await run.investigation.use_host("db-02")
    session = run.investigation.session
    assert session.target == Target("db-02")
    assert session.observations == []
    assert session.ticket is not None


async def test_a_window_that_is_set_by_hand_holds_for_the_next_look(tmp_path: Path) -> None:
    played = stage(tmp_path)
    played.investigation.set_window("14:05 to 15:00 UTC")
    ticket = played.investigation.session.ticket
    assert ticket is not None
    assert ticket.window.since is not None
    assert f"{ticket.window.since:%H:%M}" == "14:05"
    with pytest.raises(InputError, match="is not a time"):
        played.investigation.set_window("soonish")
    played.investigation.set_window("off")
    assert played.investigation.session.ticket is not None
    assert not played.investigation.session.ticket.window


async def test_a_path_that_may_not_be_read_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    played = stage(tmp_path)
    with pytest.raises(PolicyRefusal):
        await played.investigation.look_at_paths(["relative/path"])
    assert played.events == []
