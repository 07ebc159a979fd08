"""How far the deterministic engine gets on real incidents: `python tests/bench/incidents.py [-v] [ID…]`.

Reads shared incidents from the folder in TAI_DATA (default ../shared/data from the project's root) and prints, for
each and in all: the findings, the outcome, and how many of the cause's keywords stand in the answer. Nothing is asserted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tai.catalog import load_catalog
from tai.engine.inspect import inspect
from tai.llm.base import Question, Said
from tai.llm.deterministic import DeterministicEngine
from tai.model import Finding, Observation, Outcome, Subjects, Ticket
from tai.ticket.subjects import find_subjects

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TAI_DATA", ROOT.parent / "shared" / "data"))


def ticket_of(text: str) -> Ticket:
    """The parts of a ticket that the engine looks at."""
    words = {word.strip(".,;:()'\"").lower() for word in text.split()}
    subjects: Subjects = find_subjects(text)
    return Ticket(text=text, words=tuple(sorted(word for word in words if len(word) > 2)), subjects=subjects)


async def diagnose(incident: dict[str, Any]) -> tuple[list[Finding], Said]:
    """Findings and answer for the ticket and its evidence, every piece of which is an attachment."""
    catalog = load_catalog([ROOT / "collectors"])
    observations = [
        Observation(id=f"E{n}", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text)
        for n, (label, text) in enumerate(incident["evidence"].items(), start=1)
    ]
    findings = inspect(catalog, observations)
    question = Question((), ticket_of(incident["ticket"]), tuple(observations), tuple(findings))
    said = [
        item async for item in DeterministicEngine(catalog.symptoms).ask(question) if isinstance(item, Said)
    ]
    return findings, said[-1]


def main(arguments: list[str]) -> None:
    """Run all incidents, or those named; -v prints the answers in full."""
    verbose = "-v" in arguments
    wanted = {argument for argument in arguments if argument != "-v"}
    named = total = 0
    for path in sorted((DATA / "incidents").glob("*.json")):
        incident = json.loads(path.read_text(encoding="utf-8"))
        if wanted and incident["id"] not in wanted:
            continue
        findings, said = asyncio.run(diagnose(incident))
        answer = said.answer
        told = json.dumps(answer.model_dump(), ensure_ascii=False).lower()
        cause = " ".join([answer.cause, *(claim.text for claim in answer.evidence)]).lower()
        hit = [word for word in incident["keywords"] if word.lower() in told]
        in_cause = [word for word in incident["keywords"] if word.lower() in cause]
        total += 1
        named += answer.outcome == "root_cause" and len(in_cause) * 2 >= len(incident["keywords"])
        print(
            f"{incident['id']} {incident['category']:16} {answer.outcome:12} keywords {len(hit)}/{len(incident['keywords'])} in the answer, {len(in_cause)} in cause and evidence"
        )
        print(f"    findings: {', '.join(f'{f.signature}({f.subject})' for f in findings) or 'none'}")
        print(f"    said:  {answer.cause}")
        print(f"    truth: {incident['root_cause']}")
        if verbose:
            print(answer.model_dump_json(indent=2))
    print(f"cause named, with half of its keywords in cause and evidence: {named} of {total}")


if __name__ == "__main__":
    main(sys.argv[1:])
