"""The stream on a screen: what each event shows, at several widths, and what must never be shown."""

from __future__ import annotations

import io
import re
from typing import get_args

import pytest
from rich.console import Console

from tai.bus import Bus
from tai.events import Diagnosed, Event, ObservationMade, PlanMade, TicketParsed
from tai.frontends.console import open_console
from tai.frontends.render import Renderer, svg
from tai.frontends.steps import telling
from tai.model import Claim, Confidence, Diagnosis, Outcome, Quote, Ticket
from tests.frontends.story import DENIED, DIAGNOSIS, DISK, FULL, HOSTILE, INVENTED, JOURNAL, screen, story

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def diagnosed(**changes: object) -> str:
    return screen([Diagnosed(diagnosis=DIAGNOSIS.model_copy(update=changes))])


def test_the_story_holds_every_kind_of_event() -> None:
    assert {type(event) for event in story()} == set(get_args(Event))


def test_a_finished_command_is_one_line_with_number_probe_command_time_and_size() -> None:
    line = next(line for line in screen(story()).splitlines() if "journal-unit" in line)
    assert re.fullmatch(r" #2 journal-unit +mariadb\.service +0\.31 s +184 KB cut → 48 B  /show 2", line)
    assert len(line) <= 80


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 200])
@pytest.mark.parametrize("seen", [DISK, JOURNAL, DENIED], ids=lambda seen: seen.probe)
def test_a_command_s_line_never_wraps(seen: ObservationMade, width: int) -> None:
    text = screen([ObservationMade.model_validate({"n": 12, "observation": seen})], width=width)
    assert text.count("\n") == 1
    assert len(text.rstrip("\n")) <= width


def test_a_command_that_brought_no_answer_says_what_was_in_the_way() -> None:
    line = next(line for line in screen(story(), width=100).splitlines() if "nft-ruleset" in line)
    assert "Operation not permitted" in line
    assert "no permission" in line


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_line(outcome: Outcome) -> None:
    seen = DISK.model_copy(update={"outcome": outcome})
    assert "filesystems" in screen([ObservationMade(n=1, observation=seen)])


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    assert max(len(line) for line in screen(story(), width=width, verbose=True).splitlines()) <= width


def test_a_pipe_gets_each_line_whole() -> None:
    text = screen(story(), width=40, terminal=False)
    assert f"    E1:2  {FULL}\n" in text
    assert " #2 journal-unit  mariadb.service  0.31 s  184 KB cut → 48 B  /show 2\n" in text


def test_evidence_stands_with_its_place_and_the_command_that_printed_it() -> None:
    text = screen(story())
    claim, quote, source = text[text.index("\nEvidence\n") :].splitlines()[2:5]
    assert claim == " 1. /srv/data has no space left."
    assert quote == f"    E1:2  {FULL}"
    assert source.strip() == "df -PT"


@pytest.mark.parametrize("verbose", [False, True])
def test_a_quote_that_the_engine_invented_is_shown_nowhere(*, verbose: bool) -> None:
    text = screen(story(), width=200, verbose=verbose)
    assert INVENTED not in text
    assert "sectors" not in text
    assert "Not evidence: said by the engine, but the host printed no such line" in text
    assert "? The disk is broken. (it named E9:4)" in text


def test_an_invented_quote_inside_a_claim_called_verified_is_not_shown_either() -> None:
    forged = Claim(
        text="It is so.",
        quotes=(Quote(observation="E1", line=2, text=INVENTED, status="unverified"),),
        verified=True,
    )
    assert INVENTED not in diagnosed(claims=(forged,))


def test_a_moment_and_a_counter_argument_without_a_found_line_are_marked() -> None:
    text = screen(story())
    assert re.search(r"14:05:07 +mariadb fails to write  E2:8\n", text)
    assert re.search(r"14:06 +the disk dies  \(not verified\)\n", text)
    assert re.search(r"against The journal has no stop job\.  \(not verified\)", text)


def test_hypotheses_stand_by_rank() -> None:
    text = screen(story())
    assert text.index(" 1. The disk is full.") < text.index(" 2. mariadb was stopped by hand.")


def test_actions_that_change_or_destroy_are_labelled() -> None:
    text = screen(story())
    assert " 1. Look at what grew" in text
    assert " 2. [changes] Truncate the debug log." in text
    assert " 3. [destroys] Delete old binary logs." in text


def test_an_action_that_destroys_is_red_from_end_to_end() -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, color_system="standard", width=80)
    Renderer(console).show(Diagnosed(diagnosis=DIAGNOSIS))
    (line,) = [line for line in stream.getvalue().splitlines() if "Delete old binary logs." in line]
    assert line.count("\x1b[1;31m") >= 1
    assert "Delete" not in re.sub(r"\x1b\[1;31m.*?\x1b\[0m", "", line)


def test_a_corrected_quote_is_the_hosts_line_and_marked_with_what_was_wrong() -> None:
    text = screen(story(), width=200)
    quoted = "2026-11-20T14:05:07 db-01 mariadbd[411]: line 7"
    assert f"    E2:8  {quoted}  [corrected: the engine named E1:8, which does not hold it]\n" in text
    assert f"    E1:2  {FULL}\n" in text, "an exact one is not marked"


def test_next_checks_are_numbered_for_next() -> None:
    assert re.search(r" 1\. du -x -d1 /srv/data\n.*/next 1", screen(story()))


def test_a_check_that_needs_a_person_says_so_and_one_that_is_not_offered_says_why() -> None:
    text = screen(story(), width=120)
    assert " 2. ping -c 1 db-02  (asks you first)\n" in text
    assert "not offered: rm -rf /srv: rm is not in the catalogue\n" in text


def test_facts_and_rounds_are_told_as_they_come() -> None:
    text = screen(story(), width=200)
    assert "fact 1    It is not DNS, we checked" in text
    assert "(rules out: dns)" in text
    assert "no longer a fact: we rebooted it at 14:05" in text
    assert "round 1 of 2  by itself: du -x -d1 /srv/data; ping -c 1 db-02" in text


def test_the_deterministic_engine_says_that_no_model_was_used_and_why() -> None:
    text = screen(story())
    assert "no language model was used" in text
    assert "degraded: no token for 20 s (model_stall_s)" in text
    assert 'the model did say, unchecked: {"cause": "the disk' in text
    assert "/show said" in text


def test_a_model_is_named() -> None:
    text = diagnosed(engine="vllm", model="gemma")
    assert "answered by vllm gemma" in text
    assert "no language model" not in text


def test_healthy_and_inconclusive_are_said_as_plainly_as_a_cause() -> None:
    empty = Diagnosis(
        outcome="healthy",
        cause="Nothing is wrong.",
        confidence=Confidence(level="low", score=0.2),
        engine="deterministic",
    )
    text = screen([Diagnosed(diagnosis=empty)])
    assert "HEALTHY  Nothing is wrong." in text
    assert "Evidence" not in text
    assert "INCONCLUSIVE" in diagnosed(outcome="inconclusive")


@pytest.mark.parametrize("terminal", [True, False])
def test_markup_and_escapes_in_host_text_are_shown_and_not_obeyed(*, terminal: bool) -> None:
    hostile = [
        *story(),
        TicketParsed(ticket=Ticket(text="", hosts=(HOSTILE,), notes=(HOSTILE,))),
        ObservationMade(n=9, observation=DISK.model_copy(update={"probe": HOSTILE, "argv": ("x", HOSTILE)})),
        Diagnosed(
            diagnosis=DIAGNOSIS.model_copy(
                update={"cause": HOSTILE, "engine": HOSTILE, "model": HOSTILE, "missing": (HOSTILE,)}
            )
        ),
    ]
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=terminal, force_interactive=False, no_color=True)
    bus = Bus("s", [Renderer(console, verbose=True)])
    for event in hostile:
        bus.emit(event)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert CONTROL.search(text) is None
    assert "[bold red]not markup[/]" in text
    assert r"\x1b]8;;http://evil.example" in text
    assert r"\u202e" in text


def test_a_streaming_answer_is_counted_and_not_printed() -> None:
    assert '"outcome"' not in screen(story(), verbose=True)


def test_reasoning_is_shown_only_when_asked_for() -> None:
    assert "So the database stops." not in screen(story())
    assert "  The disk is full.\n  So the database stops.\n" in screen(story(), verbose=True)


def test_reasoning_leaves_one_line_that_says_how_to_see_it() -> None:
    folded = "thought   before it answered; "
    assert screen(story()).count(folded + "-v shows it as it comes") == 1
    assert folded + "/verbose on shows it" in screen(story(), interactive=True)
    assert folded not in screen(story(), verbose=True)


def test_verbose_shows_what_each_command_printed() -> None:
    assert f"E1:2  {FULL}" in screen(story()[:15], verbose=True)


def test_at_a_prompt_neither_greeting_nor_entry_is_said_twice() -> None:
    text = screen(story(), interactive=True)
    assert "tai 0.1.0" not in text
    assert "is it the disk?" not in text


def test_only_the_diagnosis_goes_to_standard_output_when_talk_has_its_own_place() -> None:
    out, talk = io.StringIO(), io.StringIO()
    bus = Bus("s", [Renderer(open_console(out), talk=open_console(talk))])
    for event in story():
        bus.emit(event)
    assert out.getvalue().startswith("\nROOT CAUSE")
    assert "#2 journal-unit" not in out.getvalue()
    assert "#2 journal-unit" in talk.getvalue()
    assert "ROOT CAUSE" not in talk.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_the_terminal_makes_a_character_fatal(encoding: str) -> None:
    raw = io.BytesIO()
    console = open_console(io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    bus = Bus("s", [Renderer(console)])
    for event in [*story(), TicketParsed(ticket=Ticket(text="", hosts=("búho-漢",)))]:
        bus.emit(event)
    text = raw.getvalue().decode(encoding)
    assert "ROOT CAUSE" in text
    expected = {"ascii": r"b\xfaho-\u6f22", "latin-1": r"búho-\u6f22", "utf-8": "búho-漢"}
    assert expected[encoding] in text
    assert ("tai 0.1.0 - read-only" in text) is (encoding == "ascii")


def test_plain_output_has_no_escape_at_all_even_on_a_terminal() -> None:
    out = Terminal()
    bus = Bus("s", [Renderer(open_console(out, plain=True))])
    for event in story():
        bus.emit(event)
    assert "ROOT CAUSE" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_the_picture_is_an_svg_of_the_screen_and_the_same_each_time() -> None:
    picture = svg(story(), before="$ tai demo")
    assert picture.startswith("<svg")
    assert "ROOT&#160;CAUSE" in picture
    assert "tai&#160;demo" in picture
    assert picture == svg(story(), before="$ tai demo")
    assert "\x1b" not in picture


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("journalctl --no-pager -u nginx.service -n 5000", "nginx.service"),
        ("journalctl --unit=nginx.service", "nginx.service"),
        ("cat -- /etc/fstab", "/etc/fstab"),
        ("systemctl show --no-pager --no-ask-password -p Id -- a.service b.service", "a.service b.service"),
        ("systemctl list-jobs --no-pager --no-ask-password", "systemctl list-jobs"),
        ("df -l -h -T", "df -l -h -T"),
        ("ss -t -u -l -n -p", "ss -t -u -l -n -p"),
        ("odd --", "odd --"),
    ],
)
def test_a_command_s_line_shows_the_part_that_tells_it_from_its_like(command: str, part: str) -> None:
    assert telling(command.split()) == part


def test_a_second_round_says_that_it_comes_on_top() -> None:
    plan = next(event for event in story() if isinstance(event, PlanMade))
    text = screen([plan, plan])
    assert "3 commands from" in text
    assert "3 more commands from" in text


def test_the_command_is_named_once_for_lines_of_the_same_output() -> None:
    claim = DIAGNOSIS.claims[0]
    twice = claim.model_copy(update={"quotes": claim.quotes * 2})
    text = screen(
        [
            ObservationMade(n=1, observation=DISK),
            Diagnosed(diagnosis=DIAGNOSIS.model_copy(update={"claims": (twice,)})),
        ]
    )
    evidence = text[text.index("\nEvidence") :]
    assert evidence.count(FULL) == 2
    assert evidence.count("  df -PT\n") == 1
