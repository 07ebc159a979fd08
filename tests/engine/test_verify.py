"""No line is shown as evidence that the host did not print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.engine.verify import Evidence, verify
from tai.model import Diagnosis
from tests.engine.evidence import DF, LOG, finding, observation

FULL = "/dev/vdb1 ext4 2.0G 2.0G 0 100% /srv"
SEEN = (observation(1, DF), observation(2, LOG, "journalctl", "-u", "mariadb"))


def claim(text: str, evidence: str, line: int, quoted: str) -> SaidClaim:
    return SaidClaim(text=text, quotes=(SaidQuote(evidence=evidence, line=line, text=quoted),))


def diagnosis_of(answer: Answer) -> Diagnosis:
    return verify(answer, SEEN, [finding(("E1", 3, FULL))], engine="vllm", model="m")


def found(evidence: str, line: int, text: str) -> tuple[str, str, int, str]:
    quote = Evidence(SEEN).find(SaidQuote(evidence=evidence, line=line, text=text))
    return quote.status, quote.observation, quote.line, quote.text


def test_a_true_quote_is_exact() -> None:
    assert found("E1", 3, FULL) == ("exact", "E1", 3, FULL)


def test_a_fragment_shows_the_whole_line_of_the_host() -> None:
    status, _, line, text = found("E2", 2, "No space left on device")
    assert (status, line) == ("exact", 2)
    assert text == LOG.splitlines()[1]


@pytest.mark.parametrize(
    ("evidence", "line", "text"),
    [
        ("E1", 1, FULL),  # wrong line
        ("E1", 0, FULL),  # no line given
        ("e1", 3, f"E1:3| {FULL}"),  # the label copied with it
        ("E1", 3, FULL.replace(" ", "   ")),  # other spacing
        ("E2", 3, FULL),  # right text, wrong observation
        ("E99", 3, FULL),  # an observation that does not exist
    ],
)
def test_a_quote_that_is_off_is_corrected_to_the_true_line(evidence: str, line: int, text: str) -> None:
    status, name, number, shown = found(evidence, line, text)
    assert status in ("exact", "corrected")
    assert (name, number, shown) == ("E1", 3, FULL)


def test_a_word_misspelled_in_a_long_line_is_corrected() -> None:
    wrong = LOG.splitlines()[1].replace("failed", "failes")
    assert found("E2", 2, wrong)[0::3] == ("corrected", LOG.splitlines()[1])


@pytest.mark.parametrize(
    "text",
    [
        "/dev/sdc1 ext4 500G 500G 0 100% /backup",  # invented
        FULL.replace("100%", "99%"),  # a figure changed
        LOG.splitlines()[1].replace("14:02:07", "13:02:07"),  # a time changed
        "the disk was full and so the database could not write",  # paraphrased
        "100%",  # a crumb that could be anywhere
        "",
        " \t ",
    ],
)
def test_a_quote_that_the_host_did_not_print_is_unverified(text: str) -> None:
    assert found("E1", 3, text)[0] == "unverified"


def test_a_cause_without_a_true_quote_is_not_a_root_cause() -> None:
    answer = Answer(
        outcome="root_cause",
        cause="The backup disk is full.",
        evidence=(claim("The backup disk is full.", "E1", 3, "/dev/sdc1 ext4 500G 500G 0 100% /backup"),),
    )
    diagnosis = diagnosis_of(answer)
    assert diagnosis.outcome == "inconclusive"
    assert diagnosis.claims == ()
    assert diagnosis.confidence.level == "low"
    assert "quoted none that exists" in diagnosis.missing[0]


def test_a_true_observation_does_not_carry_a_cause_without_evidence() -> None:
    answer = Answer(
        outcome="root_cause", cause="Aliens.", observations=(claim("A disk is full.", "E1", 3, FULL),)
    )
    assert diagnosis_of(answer).outcome == "inconclusive"


def test_an_invented_quote_beside_a_true_one_leaves_its_claim_unverified() -> None:
    quotes = (
        SaidQuote(evidence="E1", line=3, text=FULL),
        SaidQuote(evidence="E2", line=9, text="kernel: it was aliens all along"),
    )
    answer = Answer(
        outcome="root_cause",
        cause="/srv is full.",
        evidence=(
            SaidClaim(text="Aliens filled /srv.", quotes=quotes),
            claim("/srv is full.", "E1", 3, FULL),
        ),
    )
    diagnosis = diagnosis_of(answer)
    assert [each.text for each in diagnosis.claims] == ["/srv is full."]
    assert [each.text for each in diagnosis.unverified] == ["Aliens filled /srv."]


def test_unverified_claims_cost_confidence_and_say_so() -> None:
    good = claim("/srv is full.", "E1", 3, FULL)
    sure = diagnosis_of(Answer(outcome="root_cause", cause="c", evidence=(good,)))
    bad = claim("x", "E1", 3, "something that was never printed anywhere")
    unsure = diagnosis_of(Answer(outcome="root_cause", cause="c", evidence=(good, bad)))
    assert unsure.confidence.score < sure.confidence.score
    assert any("could not be verified" in reason for reason in unsure.confidence.reasons)


def test_agreement_with_a_known_fault_pattern_raises_confidence() -> None:
    answer = Answer(outcome="root_cause", cause="c", evidence=(claim("/srv is full.", "E1", 3, FULL),))
    with_finding = verify(answer, SEEN, [finding(("E1", 3, FULL))], engine="e")
    without = verify(answer, SEEN, [], engine="e")
    assert with_finding.confidence.score > without.confidence.score


def test_timeline_and_hypotheses_are_checked_like_claims() -> None:
    invented = SaidQuote(evidence="E2", line=1, text="2026-11-21T13:00:00 db-01 kernel: disk exploded")
    answer = Answer(
        outcome="inconclusive",
        cause="",
        timeline=(SaidMoment(at="13:00", text="boom", quote=invented),),
        hypotheses=(SaidHypothesis(cause="boom", supporting=(SaidClaim(text="boom", quotes=(invented,)),)),),
    )
    diagnosis = diagnosis_of(answer)
    quote = diagnosis.timeline[0].quote
    assert quote is not None
    assert quote.status == "unverified"
    assert not diagnosis.hypotheses[0].supporting[0].verified


def test_next_checks_that_are_not_read_only_are_dropped_and_counted() -> None:
    answer = Answer(
        outcome="inconclusive",
        cause="",
        next_checks=(
            SaidCheck(argv=("rm", "-rf", "/srv")),
            SaidCheck(argv=("df", "-h", "/srv")),
            SaidCheck(argv=("df", "-h;", "id")),
        ),
    )
    diagnosis = diagnosis_of(answer)
    assert [check.argv[0] for check in diagnosis.next_checks] == ["df"]
    assert "2 proposed checks are not read-only" in diagnosis.missing[-1]


@given(st.text(max_size=120), st.integers(0, 5), st.sampled_from(["E1", "E2", "E3", ""]))
def test_whatever_is_quoted_what_is_shown_as_evidence_stands_on_the_host(
    text: str, line: int, evidence: str
) -> None:
    quote = Evidence(SEEN).find(SaidQuote(evidence=evidence, line=line, text=text))
    if quote.status != "unverified":
        seen = {each.id: each for each in SEEN}[quote.observation]
        assert seen.lines[quote.line - 1] == quote.text
