"""Slash commands: signatures are parsers, docstrings are help, and one entry does one thing."""

from __future__ import annotations

import inspect
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.commands import COMMANDS, Context, dispatch
from tai.commands.dispatch import slash_command
from tai.commands.hosts import known
from tai.commands.listing import page
from tai.commands.registry import Registry, Rest, Words
from tai.commands.views import (
    Cleared,
    ContextView,
    DiagnosisView,
    EvidenceView,
    FindingsView,
    Message,
    ObservationView,
    TableView,
    TicketView,
    View,
)
from tai.errors import HostError, InputError
from tai.events import Event
from tests.frontends.rehearsal import Rehearsed, context


class Talk:
    """A conversation: what was asked of the investigation, what was shown."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.views: list[View] = []
        self.events: list[Event] = []
        self.investigation = Rehearsed(self.events.append, asked=self.asked)
        self.context: Context = context(self.investigation, self.views.append)

    async def say(self, *entries: str) -> View | None:
        """Send entries; the last view that came, if any."""
        for entry in entries:
            await dispatch(self.context, entry)
        return self.views[-1] if self.views else None


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_the_commands_of_the_first_version_are_all_there() -> None:
    listed = " ".join(command.name for command in COMMANDS)
    assert listed == (
        "help host ticket paths window model verbose doctor collect collectors show findings run next auto pin unpin context "
        "clear diff save copy history resume version quit"
    )


@pytest.mark.parametrize("command", list(COMMANDS), ids=lambda command: command.name)
def test_every_command_says_in_one_line_what_it_does(command: Any) -> None:
    assert 10 < len(command.title) <= 80
    assert command.title.endswith(".")
    assert inspect.getdoc(command.call) == command.help


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("host", "/host [NAME]"),
        ("collect", "/collect [NAME…]"),
        ("show", "/show [plan|findings|logs|prompt|said|diagnosis|N|E3] [raw|parsed|condensed|LINE]"),
        ("run", "/run COMMAND…"),
        ("next", "/next N"),
        ("quit", "/quit"),
        ("?", "/help [COMMAND]"),
        ("/exit", "/quit"),
    ],
)
def test_usage_comes_from_the_signature(name: str, usage: str) -> None:
    assert COMMANDS.find(name).usage == usage


def test_a_signature_is_a_parser() -> None:
    registry = Registry()

    @registry.command("m")
    async def move(context: object, n: int, where: Annotated[str, Words(("up", "down"))] = "up") -> None:
        """Move."""

    @registry.command()
    async def say(context: object, text: Annotated[str, Rest()]) -> None:
        """Say."""

    command = registry.find("m")
    assert command.parse("3 down") == [3, "down"]
    assert command.parse(" 3 ") == [3]
    for bad in ("", "x", "3 up now"):
        with pytest.raises(InputError, match=r"Usage: /move N \[up\|down\]"):
            command.parse(bad)
    assert registry.find("say").parse("  a  'b c' | d ") == ["a  'b c' | d"]


async def test_rounds_by_itself_are_few_and_need_a_diagnosis(talk: Talk) -> None:
    with pytest.raises(InputError, match="no diagnosis yet"):
        await talk.say("/auto")
    await talk.say("db-01 is down", "/auto", "/auto 3")
    assert talk.asked[1:] == ["auto 1", "auto 3"]
    for bad in ("/auto 0", "/auto 99"):
        with pytest.raises(InputError, match="1 to 5 rounds"):
            await talk.say(bad)


async def test_facts_are_pinned_listed_and_taken_back(talk: Talk) -> None:
    view = await talk.say("db-01 is down", "/pin we rebooted it  at 14:05", "/context")
    assert isinstance(view, ContextView)
    assert [fact.text for fact in view.pinned] == ["we rebooted it  at 14:05"]
    assert (view.host, view.evidence) == ("db-01", 2)
    view = await talk.say("/unpin 1", "/context")
    assert isinstance(view, ContextView)
    assert view.pinned == ()


@pytest.mark.parametrize(("typo", "meant"), [("/shwo", "/show"), ("/colect", "/collect"), ("/hepl", "/help")])
async def test_a_typo_names_the_command_that_was_meant(talk: Talk, typo: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean {meant}\\?"):
        await talk.say(typo)
    assert talk.asked == []


@pytest.mark.parametrize(
    "prose",
    ["/var/log is full", "/var is full on db-01", "/srv/data\nFilesystem 100%", "disk at 100 % / on db-01"],
)
async def test_a_ticket_that_begins_with_a_path_is_a_ticket(talk: Talk, prose: str) -> None:
    await talk.say("/host db-01", prose)
    assert talk.asked == ["use_host db-01", f"diagnose {prose}"]


async def test_bare_text_is_the_ticket_and_then_the_follow_up(talk: Talk) -> None:
    await talk.say("db-01 is down", "why?")
    assert talk.asked == ["diagnose db-01 is down", "follow_up why?"]


async def test_without_a_host_the_ticket_waits_for_one(talk: Talk) -> None:
    with pytest.raises(InputError, match="the ticket names no host; the ticket is kept"):
        await talk.say("the shop is down")
    await talk.say("/host web-7")
    assert talk.asked == ["diagnose the shop is down", "use_host web-7", "diagnose the shop is down"]


async def test_a_host_that_cannot_be_reached_leaves_the_ticket_waiting_for_enter_or_another_one(
    talk: Talk,
) -> None:
    for entry in ("db-01 unreachable", ""):
        with pytest.raises(HostError):
            await talk.say(entry)
    with pytest.raises(HostError):
        await talk.say("/host db-03")
    assert talk.asked == [*["diagnose db-01 unreachable"] * 2, "use_host db-03", "diagnose db-01 unreachable"]
    await talk.say("/host", "db-01 is down")
    assert talk.asked[-1] == "diagnose db-01 is down"


async def test_enter_alone_does_nothing_unless_a_ticket_waits(talk: Talk) -> None:
    await talk.say("", "   ", "db-01 is down", "")
    assert talk.asked == ["diagnose db-01 is down"]
    await talk.say("/host db-02", "", "")
    assert talk.asked[1:] == ["use_host db-02", "diagnose db-01 is down"]


async def test_host_alone_says_which(talk: Talk) -> None:
    assert await talk.say("/host") == Message("No host yet: /host NAME")
    assert await talk.say("/host db-01") == Message(
        "The host is db-01. Paste the ticket or describe what is wrong."
    )
    assert await talk.say("/host") == Message("The host is db-01.")


async def test_before_anything_is_known_every_view_says_so_in_a_sentence(talk: Talk) -> None:
    for entry in (
        "/show plan",
        "/show logs",
        "/show prompt",
        "/show said",
        "/show diagnosis",
        "/findings",
        "/ticket",
    ):
        view = await talk.say(entry)
        assert isinstance(view, Message), entry
        assert re_sentence(view.text), entry


def re_sentence(text: str) -> bool:
    return text[0].isupper() and text[-1] in ".:"


async def test_show_alone_is_the_diagnosis_or_before_it_the_evidence(talk: Talk) -> None:
    await talk.say("db-01 is down", "/show")
    view = talk.views[-1]
    assert isinstance(view, DiagnosisView)
    assert view.sources == {"E1": "df -PT", "E4": "journalctl -u nginx"}
    talk.investigation.session.diagnosis = None
    assert isinstance(await talk.say("/show"), EvidenceView)


@pytest.mark.parametrize(
    ("typed", "first"),
    [("E1", 1), ("e1", 1), ("1", 1), ("#1", 1), ("E1 30", 30), ("E1:41", 31), ("E1:3", 1), ("1:41", 31)],
)
async def test_evidence_is_shown_by_id_number_and_citation(talk: Talk, typed: str, first: int) -> None:
    view = await talk.say("db-01 is down", f"/show {typed}")
    assert isinstance(view, ObservationView)
    assert (view.observation.id, view.first) == ("E1", first)
    assert view.cited == {2}


@pytest.mark.parametrize("typed", ["E", "E1:x", "E1:-3", "x", "-1", "E1:41:2", "../E1"])
async def test_what_is_no_evidence_is_refused_with_the_usage(talk: Talk, typed: str) -> None:
    with pytest.raises(InputError, match=r"Usage: /show"):
        await talk.say("db-01 is down", f"/show {typed}")


async def test_findings_ticket_and_collectors_are_shown(talk: Talk) -> None:
    await talk.say("db-01 is down")
    assert isinstance(await talk.say("/findings"), FindingsView)
    assert await talk.say("/show findings") == talk.views[-2]
    assert isinstance(await talk.say("/ticket"), TicketView)
    table = await talk.say("/collectors")
    assert isinstance(table, TableView)
    assert table.rows == (
        ("disk", "Disks and filesystems"),
        ("  filesystems", "Space on each filesystem"),
    )


async def test_collect_run_and_next_reach_the_investigation_as_typed(talk: Talk) -> None:
    await talk.say("/collect", "/collect disk 7", "/next 2")
    with pytest.raises(InputError):
        await talk.say("/run journalctl -u 'a b' | grep  x")
    assert talk.asked == [
        "collect ",
        "collect disk 7",
        "next_check 2",
        "run_line journalctl -u 'a b' | grep  x",
    ]


async def test_run_shows_what_the_command_printed(talk: Talk) -> None:
    view = await talk.say("db-01 is down", "/run df -PT")
    assert isinstance(view, ObservationView)
    assert view.observation.id == "E1"


async def test_clear_keeps_the_evidence_and_the_next_text_is_a_follow_up_on_it(talk: Talk) -> None:
    view = await talk.say("db-01 is down", "/clear")
    assert view == Cleared(kept=2)
    assert talk.investigation.session.observations


@pytest.mark.parametrize("entry", ["/quit", "/exit", "exit", " quit "])
async def test_leaving(talk: Talk, entry: str) -> None:
    await talk.say(entry)
    assert talk.context.leaving
    assert talk.asked == []


async def test_help_explains_one_command_by_its_docstring(talk: Talk) -> None:
    view = await talk.say("/help quit")
    assert view == Message("/quit\nLeave tai; Ctrl-D does it too.\nAlso: /exit")
    with pytest.raises(InputError, match="did you mean"):
        await talk.say("/help shwo")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("/he", ["/help"]),
        ("/co", ["/collect", "/collectors", "/context", "/copy"]),
        ("/collect d", ["disk"]),
        ("/collect disk fi", ["filesystems"]),
        ("/show p", ["plan", "prompt"]),
        ("/show E", ["E1", "E4"]),
        ("/show plan E", []),
        ("/next ", ["1", "2"]),
        ("/help sh", ["show"]),
        ("/nonsense ", []),
        ("show", []),
        ("a ticket\n/he", []),
    ],
)
async def test_completion_offers_what_fits_and_replaces_the_word(
    talk: Talk, before: str, expected: list[str]
) -> None:
    await talk.say("db-01 is down")
    found = list(COMMANDS.complete(before, talk.context))
    assert [candidate.text for candidate in found] == expected
    for candidate in found:
        assert candidate.text.startswith(before[len(before) - candidate.replaces :])


async def test_a_typed_command_is_completed_with_units_and_paths_that_were_seen(talk: Talk) -> None:
    await talk.say("db-01 is down")
    session = talk.investigation.session
    seen = session.observations[0].model_copy(
        update={"id": "E9", "text": "  mariadb.service loaded failed\n-rw-r--r-- 1 /srv/data/ib_logfile0\n"}
    )
    session.observations.append(seen)
    assert [each.text for each in COMMANDS.complete("/run systemctl status mari", talk.context)] == [
        "mariadb.service"
    ]
    assert [each.text for each in COMMANDS.complete("/paths /srv/data/i", talk.context)] == [
        "/srv/data/ib_logfile0"
    ]


def test_hosts_come_from_ssh_config_with_what_it_includes_and_from_known_hosts_that_are_not_hashed(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.d").mkdir()
    (tmp_path / "config").write_text("Include config.d/*\nHost db-01 db-*\n  Port 22\nhost=web-7\nHost *\n")
    (tmp_path / "config.d" / "more").write_text("Host bastion !not\n")
    (tmp_path / "known_hosts").write_text(
        "# mine\n|1|c2FsdA==|aGFzaA== ssh-ed25519 AAAA\n[gate.example]:2222,192.0.2.7 ssh-ed25519 AAAA\n"
        "@cert-authority *.example ssh-ed25519 AAAA\n"
    )
    assert list(known(tmp_path)) == ["bastion", "db-01", "web-7", "gate.example", "192.0.2.7"]
    assert list(known(tmp_path / "absent")) == []


@pytest.mark.parametrize(
    ("typed", "on"), [(["/verbose"], True), (["/verbose", "/verbose"], False), (["/verbose on"] * 2, True)]
)
async def test_verbose_is_turned_on_and_off(talk: Talk, typed: list[str], *, on: bool) -> None:
    await talk.say(*typed)
    assert talk.context.talk.verbose is on


async def test_what_the_new_commands_ask_for(talk: Talk) -> None:
    await talk.say("db-01 is down", "/paths /srv/data /etc", "/window since 14:05")
    assert talk.investigation.asked[-2:] == ["look_at_paths /srv/data /etc", "set_window since 14:05"]
    assert await talk.say("/model") == Message("deterministic")
    assert await talk.say("/doctor") == Message("looked at db-01")
    with pytest.raises(InputError, match=r"on or off"):
        await talk.say("/verbose loud")


def test_the_reference_in_the_docs_is_current() -> None:
    written = Path(__file__).parents[1] / "docs" / "repl.md"
    assert written.read_text() == page(), "make docs writes it anew"


def test_completion_works_before_there_is_a_session() -> None:
    assert [each.text for each in COMMANDS.complete("/collect ", None)] == []
    assert [each.text for each in COMMANDS.complete("/show pl", None)] == ["plan"]


@given(st.text())
def test_any_line_is_a_command_prose_or_a_refusal(text: str) -> None:
    try:
        found = slash_command(text)
    except InputError:
        assert text.startswith("/")
    else:
        assert found is None or text.startswith("/")


@given(st.sampled_from(list(COMMANDS)), st.text())
def test_arguments_are_parsed_or_refused_with_the_usage(command: Any, text: str) -> None:
    with suppress(InputError):
        values = command.parse(text)
        assert len(values) <= len(command.arguments) or command.arguments[-1].many
