"""Does confidence mean what it says? `python -m tests.bench.calibration [-v]`.

Over the shared incidents (folder in TAI_DATA, default ../shared/data from the project's root), through the deterministic
engine, the verifier and the confidence that users see. Each incident is asked about as it is; without its proving lines, where
"inconclusive" is right, or the true cause by what is left; and with the evidence of other incidents, where any cause that is
named is the wrong one.
Prints, for what was claimed (a cause, or health): a reliability table (score from-to, how many, share right), the Brier score
beside that of always saying the base rate, and how often holding back was right. Nothing is asserted.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tai.catalog import Catalog, load_catalog
from tai.engine.inspect import inspect
from tai.engine.verify import verify
from tai.llm.base import Question, Said
from tai.llm.deterministic import DeterministicEngine
from tai.model import Diagnosis, Observation, Outcome
from tai.ticket import parse
from tests.bench.incidents import DATA, ROOT

BINS = (0.0, 0.35, 0.5, 0.65, 0.75, 0.85, 1.0)
# The incidents' tickets name no year that a clock would have to fit.
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
# Other incidents whose evidence each ticket is asked about with.
SWAPS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """One question. keywords: of the true cause, () when the evidence is another's; shown: whether the evidence holds its proof."""

    name: str
    kind: str
    ticket: str
    evidence: dict[str, str]
    keywords: tuple[str, ...] = ()
    shown: bool = False


def cases(incidents: list[dict[str, Any]]) -> Iterator[Case]:
    """Every incident as it is, without what proves it, and with what belongs to others."""
    for at, incident in enumerate(incidents):
        name, ticket, evidence = incident["id"], incident["ticket"], incident["evidence"]
        keywords = tuple(incident["keywords"])
        yield Case(name, "as it is", ticket, evidence, keywords, shown=True)
        proving = {line.strip() for line in incident["key_evidence_lines"] if line.strip()}
        yield Case(name, "no proof", ticket, {k: _without(v, proving) for k, v in evidence.items()}, keywords)
        others = [each for each in incidents if each["category"] != incident["category"]]
        for n in range(SWAPS):
            other = others[(at * 5 + n * 3) % len(others)]
            yield Case(f"{name}/{other['id']}", "swapped", ticket, other["evidence"])


def _without(text: str, proving: set[str]) -> str:
    """Without the proving lines, and without others of their shape: a log says the same again under another time."""
    shapes = {_shape(line) for line in proving}
    kept = [
        line
        for line in text.splitlines()
        if _shape(line) not in shapes
        and not any(each in line or (len(line.strip()) > 8 and line.strip() in each) for each in proving)
    ]
    return "\n".join(kept) + "\n"


def _shape(line: str) -> str:
    return re.sub(r"0x[0-9a-f]+|\d+", "#", line.strip())


async def diagnose(catalog: Catalog, case: Case) -> Diagnosis:
    """The diagnosis that a user would see for this evidence."""
    observations = tuple(
        Observation(id=f"E{n}", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text)
        for n, (label, text) in enumerate(case.evidence.items(), start=1)
    )
    findings = tuple(inspect(catalog, observations))
    question = Question((), parse(case.ticket, now=NOW), observations, findings)
    said = [part async for part in DeterministicEngine(catalog.symptoms, catalog.bearings).ask(question)]
    (end,) = [part for part in said if isinstance(part, Said)]
    return verify(
        end.answer,
        observations,
        findings,
        engine="deterministic",
        ticket=question.ticket,
        effects=catalog.effects,
    )


def right(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether the outcome is the true one, and a cause the true cause: half of its keywords stand in cause and claims."""
    if diagnosis.outcome != "root_cause" or not case.keywords:
        return diagnosis.outcome == "inconclusive" and not case.shown
    said = " ".join([diagnosis.cause, *(claim.text for claim in diagnosis.claims)]).lower()
    return sum(word.lower() in said for word in case.keywords) * 2 >= len(case.keywords)


def brier(scored: list[tuple[float, bool]]) -> float:
    """Mean squared distance of score and truth; 0 is best, 0.25 is what saying 0.5 always gets."""
    return sum((score - correct) ** 2 for score, correct in scored) / len(scored)


def main(arguments: list[str]) -> None:
    """Run all; -v prints each claim that was wrong."""
    catalog = load_catalog([ROOT / "collectors"])
    files = sorted((DATA / "incidents").glob("*.json"))
    incidents = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    if not incidents:
        sys.exit(f"there are no incidents in {DATA / 'incidents'}; set TAI_DATA to the folder of shared data")
    claimed: list[tuple[float, bool]] = []
    every: list[tuple[float, bool]] = []
    kinds: dict[str, list[tuple[Diagnosis, bool]]] = {}
    for case in cases(incidents):
        diagnosis = asyncio.run(diagnose(catalog, case))
        correct = right(case, diagnosis)
        kinds.setdefault(case.kind, []).append((diagnosis, correct))
        # No claim is a claim of 0: right where the evidence shows no cause, and as wrong as can be where it does.
        said = diagnosis.outcome != "inconclusive"
        every.append((diagnosis.confidence.score, correct) if said else (0.0, case.shown))
        if said:
            claimed.append((diagnosis.confidence.score, correct))
            if "-v" in arguments:
                mark = "right" if correct else "WRONG"
                print(
                    f"{mark} {diagnosis.confidence.score:.2f} {case.kind:9} {case.name}: {diagnosis.cause[:110]}"
                )
                print(f"      {'; '.join(diagnosis.confidence.reasons)}")
    print(f"{'evidence':10} {'asked':>6} {'right':>6} {'claimed':>8} {'claims right':>13}")
    for kind, answers in kinds.items():
        claims = [correct for diagnosis, correct in answers if diagnosis.outcome != "inconclusive"]
        print(
            f"{kind:10} {len(answers):6} {sum(correct for _, correct in answers):6} {len(claims):8} {sum(claims):13}"
        )
    print(
        f"\nreliability of the {len(claimed)} claims\n{'score':>12} {'n':>4} {'mean score':>11} {'share right':>12}"
    )
    for low, high in pairwise(BINS):
        inside = [(s, c) for s, c in claimed if low <= s < high or (high == 1.0 and s == 1.0)]
        if inside:
            mean, share = sum(s for s, _ in inside) / len(inside), sum(c for _, c in inside) / len(inside)
            print(f"{low:5.2f}-{high:4.2f}   {len(inside):4} {mean:11.2f} {share:12.2f}")
    print(f"Brier score over all {len(every)} questions, no claim counted as 0: {brier(every):.3f}")
    rate = sum(c for _, c in claimed) / len(claimed)
    print(
        f"Brier score {brier(claimed):.3f}; always saying the base rate {rate:.2f} gets {brier([(rate, c) for _, c in claimed]):.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
