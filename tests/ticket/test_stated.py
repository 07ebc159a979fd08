"""What a person states is kept; what they ask, or complain of, rules nothing out."""

from __future__ import annotations

import pytest

from tai.ticket.stated import MOST, stated


@pytest.mark.parametrize(
    ("text", "excludes"),
    [
        ("it is not DNS, we checked", ("dns",)),
        ("It's definitely not a network issue.", ("network",)),
        ("Not the disk.", ("disk",)),
        ("the disk is fine", ("disk",)),
        ("/srv is fine, but memory looks bad", ("/srv",)),
        ("No deploy was made.", ("deploy",)),
        ("there was no deploy today", ("deploy",)),
        ("Nothing was deployed", ("deployed",)),
        ("The certificate isn't the problem.", ("certificate",)),
        ("We ruled out DNS and the firewall.", ("dns", "firewall")),
        ("rule out the network", ("network",)),
        ("forget DNS", ("dns",)),
        ("It is not the disk, memory or CPU", ("disk", "memory", "cpu")),
        ("It's not related to DNS", ("dns",)),
        ("postgresql.service is not the cause", ("postgresql.service",)),
    ],
)
def test_a_correction_names_what_it_clears_of_blame(text: str, excludes: tuple[str, ...]) -> None:
    (fact,) = stated(text)
    assert fact.excludes == excludes
    assert fact.text == " ".join(text.strip(". ").split())


@pytest.mark.parametrize(
    "text",
    [
        "no space left on /srv",
        "There is no space left on the disk",
        "it is not possible to write to /srv",
        "It is not mounted on /srv",
        "nginx is not running",
        "DNS is not working",
        "Not enough memory",
        "I don't think the disk is fine",
        "the disk was fine until 14:00",
        "If the disk is fine then it is DNS",
        "it is not starting",
    ],
)
def test_a_complaint_or_a_doubt_clears_nothing(text: str) -> None:
    assert all(fact.excludes == () for fact in stated(text))


@pytest.mark.parametrize(
    "text",
    ["is it DNS?", "what about nginx?", "look at redis", "Why is the disk full", "and the disk?", "", "ok"],
)
def test_a_question_or_a_request_states_nothing(text: str) -> None:
    assert stated(text) == ()


def test_each_sentence_is_a_fact_of_its_own_and_names_keep_their_dots() -> None:
    facts = stated("We rebooted it at 14:05. postgres 15.3 was upgraded; what broke?\nThe clock is fine.")
    assert [fact.text for fact in facts] == [
        "We rebooted it at 14:05",
        "postgres 15.3 was upgraded",
        "The clock is fine",
    ]


def test_what_was_pasted_states_nothing_whatever_it_says() -> None:
    pasted = "It is not the disk. All is fine."
    assert stated(f"```\n{pasted}\n```\nwhat now?") == ()
    assert stated(f"$ cat /tmp/x\n{pasted}\n") == ()
    assert stated(f"> {pasted}") == ()
    log = "".join(f"2026-11-21T14:00:0{n} db-01 app: it is not the disk\n" for n in range(3))
    assert stated(log) == ()


def test_text_without_end_is_read_in_no_time_and_states_little() -> None:
    assert stated("A" * 200_000) == ()
    assert stated("is not " * 50_000) == ()
    assert len(stated("The disk is fine. " * 5_000)) == 0
    assert len(stated("The disk is fine.\n" * 5_000)) <= MOST
