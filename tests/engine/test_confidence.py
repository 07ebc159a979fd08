"""Confidence answers to checked evidence only, and says why."""

from __future__ import annotations

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


def test_the_score_stays_between_its_bounds() -> None:
    worst = of("inconclusive", unverified=[claim()] * 9, observations=[GAP] * 9)
    best = of(
        "root_cause", *[claim((f"E{n}", 1)) for n in range(1, 9)], findings=[finding(("E1", 1, "a line"))]
    )
    assert 0 < worst.score < best.score < 1
