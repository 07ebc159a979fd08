"""No line is shown as evidence that the host did not print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.engine.evidence import Evidence
from tai.engine.verify import verify
from tai.model import Diagnosis
from tai.ticket.stated import stated
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
        ("E1", 3, f"`{FULL}`"),  # in backticks
        ("E1", 3, f"“{FULL}”"),  # in typographic quotes
        ("E1", 2, f"… {FULL[6:]} …"),  # with dots of omission, and one line off
        ("E1", 3, FULL.replace("-", "\u2011")),
    ],
)
def test_a_quote_that_is_off_is_corrected_to_the_true_line(evidence: str, line: int, text: str) -> None:
    status, name, number, shown = found(evidence, line, text)
    assert status in ("exact", "corrected")
    assert (name, number, shown) == ("E1", 3, FULL)


def test_a_word_misspelled_in_a_long_line_is_corrected() -> None:
    wrong = LOG.splitlines()[1].replace("failed", "failes")
    assert found("E2", 2, wrong)[0::3] == ("corrected", LOG.splitlines()[1])


def test_what_was_corrected_is_told_in_words() -> None:
    def correction(evidence: str, line: int, text: str) -> str:
        return Evidence(SEEN).find(SaidQuote(evidence=evidence, line=line, text=text)).correction

    assert correction("E1", 3, FULL) == ""
    assert correction("E1", 1, FULL) == "the engine named E1:1"
    assert correction("E1", 0, FULL) == "the engine named no line"
    assert correction("E2", 3, FULL) == "the engine named E2:3, which does not hold it"
    assert correction("\x1b[2Jx", 3, FULL).isprintable()
    assert "misspelled" in correction("E2", 2, LOG.splitlines()[1].replace("failed", "failes"))


STATES = (
    observation(
        1,
        "nginx.service is inactive (dead) since the morning of that day\nthe pool is not degraded at all today\n",
    ),
    observation(
        2,
        "/srv/data is mounted read-write by the init system\nHandshake with upstream server was refused here\n",
    ),
    observation(3, "unit one: Failed to start the service\n"),
    observation(4, "unit two has Failed to start again\n"),
)


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ("E1", "nginx.service is active (dead) since the morning of that day"),  # a state turned round
        ("E1", "the pool is now degraded at all today"),  # a negation lost
        ("E1", "the pool is degraded at all today"),
        ("E2", "/srv/date is mounted read-write by the init system"),  # another path
        ("E2", "/srv/data is mounted read-only by the init system"),
        ("E2", "Handshake with upstream server was refused there and here, they say"),  # paraphrased
    ],
)
def test_a_near_line_that_says_something_else_is_unverified(evidence: str, text: str) -> None:
    assert Evidence(STATES).find(SaidQuote(evidence=evidence, line=1, text=text)).status == "unverified"


def test_a_stolen_fragment_that_several_lines_hold_proves_none_of_them() -> None:
    stolen = SaidQuote(evidence="E1", line=1, text="Failed to start")
    assert Evidence(STATES).find(stolen).status == "unverified"
    once = SaidQuote(evidence="E1", line=1, text="Failed to start the service")
    assert Evidence(STATES).find(once).observation == "E3"


def test_a_stolen_fragment_of_one_wording_is_moved_whatever_its_times() -> None:
    log = "".join(f"10:00:{n:02} shop[{n}]: connect() to 10.0.0.{n}: refused\n" for n in range(40))
    seen = (observation(1, DF), observation(2, log))
    quote = Evidence(seen).find(SaidQuote(evidence="E1", line=7, text="shop[5]: connect() to 10.0.0.5"))
    assert (quote.status, quote.observation, quote.line) == ("corrected", "E2", 6)


def test_a_quote_of_several_lines_is_looked_up_line_by_line() -> None:
    both = "\n".join(LOG.splitlines()[1:3])
    good = diagnosis_of(Answer(outcome="root_cause", cause="c", evidence=(claim("Both.", "E2", 2, both),)))
    assert [quote.ref for quote in good.claims[0].quotes] == ["E2:2", "E2:3"]
    half = f"{LOG.splitlines()[1]}\nand then it was aliens, I say"
    bad = diagnosis_of(Answer(outcome="root_cause", cause="c", evidence=(claim("Half.", "E2", 2, half),)))
    assert bad.claims == ()
    assert bad.outcome == "inconclusive"


@pytest.mark.slow  # long outputs
def test_looking_up_in_a_large_output_stays_quick_in_what_it_compares() -> None:
    """No timed assert: what would hang here is a comparison letter by letter with each of 40,000 lines."""
    text = "".join(f"Nov 21 14:00:00 db-01 app[{n}]: request {n} took {n % 97} ms\n" for n in range(40_000))
    seen = (observation(1, text), observation(2, DF))
    evidence = Evidence(seen)
    for n in range(40):
        wrong = f"Nov 21 14:00:00 db-01 app[{n}]: reqvest {n} took {n % 97} ms"
        assert evidence.find(SaidQuote(evidence="E1", line=1, text=wrong)).line == n + 1
    assert (
        evidence.find(SaidQuote(evidence="E1", line=1, text="it never said this at all")).status
        == "unverified"
    )


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


def test_loose_ends_in_timeline_and_hypotheses_cost_confidence_too() -> None:
    good = claim("/srv is full.", "E1", 3, FULL)
    invented = SaidQuote(evidence="E2", line=1, text="2026-11-21T13:00:00 db-01 kernel: disk exploded")
    sure = diagnosis_of(Answer(outcome="root_cause", cause="c", evidence=(good,)))
    loose = diagnosis_of(
        Answer(
            outcome="root_cause",
            cause="c",
            evidence=(good,),
            timeline=(SaidMoment(at="13:00", text="boom", quote=invented),),
        )
    )
    assert loose.outcome == "root_cause"
    assert loose.confidence.score < sure.confidence.score
    assert any("timeline or hypotheses" in reason for reason in loose.confidence.reasons)


def test_a_cause_that_the_user_ruled_out_is_never_sure_and_says_why() -> None:
    answer = Answer(outcome="root_cause", cause="c", evidence=(claim("/srv is full.", "E1", 3, FULL),))
    full = [finding(("E1", 3, FULL))]
    unsure = verify(answer, SEEN, full, engine="e", pinned=stated("The disk is fine."))
    assert unsure.confidence.level == "low"
    assert any(
        "at odds with what you said: The disk is fine" in reason for reason in unsure.confidence.reasons
    )
    other = verify(answer, SEEN, full, engine="e", pinned=stated("It is not DNS."))
    assert other.confidence == verify(answer, SEEN, full, engine="e").confidence


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


def test_next_checks_that_are_not_read_only_are_dropped_each_with_its_reason() -> None:
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
    assert [reason.partition(":")[0] for reason in diagnosis.dropped] == ["rm -rf /srv", "df '-h;' id"]
    assert all(reason.partition(": ")[2] for reason in diagnosis.dropped)


@given(st.text(max_size=120), st.integers(0, 5), st.sampled_from(["E1", "E2", "E3", ""]))
def test_whatever_is_quoted_what_is_shown_as_evidence_stands_on_the_host(
    text: str, line: int, evidence: str
) -> None:
    quote = Evidence(SEEN).find(SaidQuote(evidence=evidence, line=line, text=text))
    if quote.status != "unverified":
        seen = {each.id: each for each in SEEN}[quote.observation]
        assert seen.lines[quote.line - 1] == quote.text
