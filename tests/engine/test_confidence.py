"""Confidence answers to checked evidence only, and says why."""

from __future__ import annotations

import pytest

from tai.engine.agreement import Agreement
from tai.engine.confidence import confidence
from tai.model import Claim, Confidence, DiagnosisOutcome, Hypothesis, Outcome, Quote
from tests.engine.evidence import finding, observation

SEEN = [observation(number, "a line\n") for number in range(1, 9)]
GAP = observation(9, "", outcome=Outcome.NO_PERMISSION)


def claim(*refs: tuple[str, int]) -> Claim:
    quotes = tuple(Quote(observation=name, line=line, text="a line", status="exact") for name, line in refs)
    return Claim(text="c", quotes=quotes, verified=bool(quotes))


def of(outcome: DiagnosisOutcome = "root_cause", *claims: Claim, **more: object) -> Confidence:
    given: dict[str, object] = {
        "verified": claims,
        "unverified": (),
        "hypotheses": (),
        "observations": SEEN,
        "findings": (),
        **more,
    }
    return confidence(outcome, **given)  # type: ignore[arg-type]


def test_two_looks_that_agree_and_a_known_pattern_make_it_high() -> None:
    sure = of("root_cause", claim(("E1", 1), ("E2", 1)), findings=[finding(("E1", 1, "a line"))])
    assert sure.level == "high"
    assert any("2 independent looks" in reason for reason in sure.reasons)


def test_one_line_alone_is_not_high() -> None:
    assert of("root_cause", claim(("E1", 1))).level != "high"


def test_a_standing_rival_lowers_it_and_a_refuted_one_does_not() -> None:
    base = claim(("E1", 1), ("E2", 1))
    supported = Hypothesis(rank=2, cause="other", supporting=(claim(("E3", 1)),))
    refuted = supported.model_copy(update={"refuting": (claim(("E4", 1)),)})
    first = Hypothesis(rank=1, cause="c")
    assert of("root_cause", base, hypotheses=(first, supported)).score < of("root_cause", base).score
    assert of("root_cause", base, hypotheses=(first, refuted)).score == of("root_cause", base).score


def test_a_gap_weighs_more_against_health_than_against_a_cause() -> None:
    with_gap = [*SEEN, GAP]
    healthy = of("healthy").score - of("healthy", observations=with_gap).score
    cause = (
        of("root_cause", claim(("E1", 1))).score
        - of("root_cause", claim(("E1", 1)), observations=with_gap).score
    )
    assert healthy > cause > 0


def test_not_knowing_is_never_more_than_low() -> None:
    assert of("inconclusive", claim(("E1", 1), ("E2", 1))).level == "low"
    assert of("healthy", observations=[]).level != "high"


@pytest.mark.parametrize("outcome", ["root_cause", "healthy"])
def test_answers_that_agree_raise_it_a_little_and_discord_lowers_it_much(outcome: DiagnosisOutcome) -> None:
    base = [claim(("E1", 1), ("E2", 1))] if outcome == "root_cause" else []
    alone = of(outcome, *base)
    all_agree = of(outcome, *base, agreement=Agreement(3, 3, 3))
    two_agree = of(outcome, *base, agreement=Agreement(3, 3, 2))
    none_agrees = of(outcome, *base, agreement=Agreement(3, 3, 1))
    assert all_agree.score > alone.score > two_agree.score > none_agrees.score
    assert alone.score - none_agrees.score > 2 * (all_agree.score - alone.score)
    assert any("2 of 3 sampled answers" in reason for reason in two_agree.reasons)
    only_one_came = of(outcome, *base, agreement=Agreement(3, 1, 1))
    assert only_one_came == alone


def test_a_corrected_quote_weighs_less_than_an_exact_one() -> None:
    exact = claim(("E1", 1))
    corrected = exact.model_copy(
        update={"quotes": tuple(q.model_copy(update={"status": "corrected"}) for q in exact.quotes)}
    )
    assert of("root_cause", corrected).score < of("root_cause", exact).score
    assert "1 quote had to be corrected" in of("root_cause", corrected).reasons


def test_the_score_stays_between_its_bounds() -> None:
    worst = of("inconclusive", unverified=[claim()] * 9, observations=[GAP] * 9)
    best = of(
        "root_cause", *[claim((f"E{n}", 1)) for n in range(1, 9)], findings=[finding(("E1", 1, "a line"))]
    )
    assert 0 < worst.score < best.score < 1


def test_the_pattern_that_is_named_is_that_of_the_first_line_quoted() -> None:
    other = finding(("E2", 1, "a line")).model_copy(update={"title": "Another matter"})
    its = finding(("E1", 1, "a line")).model_copy(update={"title": "The cause"})
    sure = of("root_cause", claim(("E1", 1)), claim(("E2", 1)), findings=[other, its])
    assert "a known fault pattern fits: The cause" in sure.reasons
