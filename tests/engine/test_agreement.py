"""Answers agree when they name the same cause, in their words or by their lines."""

from __future__ import annotations

import pytest

from tai.answer import Answer, SaidClaim, SaidQuote
from tai.engine.agreement import Agreement, choose, same


def cause(text: str, *lines: tuple[str, int]) -> Answer:
    quotes = tuple(SaidQuote(evidence=name, line=line, text="x") for name, line in lines)
    return Answer(outcome="root_cause", cause=text, evidence=(SaidClaim(text="c", quotes=quotes),))


FULL = cause("The file system /srv is full, so mariadb cannot write.", ("E1", 3))
ALSO_FULL = cause("mariadb.service stopped because the /srv file system has no space: it is full.", ("E2", 9))
SAME_LINE = cause("Somebody wrote too much.", ("e1", 3))
EXPIRED = cause("The certificate of shop.example expired at 14:00.", ("E7", 1))
UNSURE = Answer(outcome="inconclusive", cause="It does not show.")


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (FULL, FULL, True),
        (FULL, ALSO_FULL, True),
        (FULL, SAME_LINE, True),
        (FULL, EXPIRED, False),
        (FULL, UNSURE, False),
        (UNSURE, Answer(outcome="inconclusive", cause="Quite other words."), True),
        (cause("It failed because of the server."), cause("The service was down due to an error."), False),
    ],
)
def test_two_answers_agree_or_not_either_way_round(one: Answer, other: Answer, *, agree: bool) -> None:
    assert same(one, other) is agree
    assert same(other, one) is agree


def test_the_answer_most_agree_with_is_chosen_the_first_of_those() -> None:
    chosen, agreement = choose([EXPIRED, FULL, ALSO_FULL], asked=3)
    assert chosen is FULL
    assert agreement == Agreement(3, 3, 2)
    assert agreement.share == pytest.approx(2 / 3)


def test_discord_keeps_the_first_and_says_so() -> None:
    chosen, agreement = choose([EXPIRED, FULL, UNSURE], asked=4)
    assert chosen is EXPIRED
    assert agreement == Agreement(4, 3, 1)


def test_one_answer_that_was_asked_for_alone_has_no_agreement() -> None:
    assert choose([FULL], asked=1) == (FULL, None)
