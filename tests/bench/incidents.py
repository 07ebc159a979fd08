"""How far tai gets on real incidents without a model: `make incidents-shared`, `python -m tests.bench.incidents [-v] [ID…]`.

Each incident goes through what `tai diagnose --no-host --attach LABEL=FILE … --engine deterministic` runs: ticket parser,
sanitiser and redactor, signatures, condenser, prompt, engine, verifier. Incidents are read from TAI_INCIDENTS, or from
`incidents` in TAI_DATA (default ../shared/data from the project's root). Nothing is asserted.

Printed for each and in all: the proving lines that the prompt keeps at 2k, 4k and 8k tokens; the outcome; whether the
cause's keywords stand in the diagnosis; findings whose lines prove nothing; and the step that lost the incident: `line`,
the proving line is not in the prompt; `signature`, no finding cites it; `choice`, another cause was named, or none.
A keyword is the words that the incident's author thought telling; half of them in the cause and the lines quoted for it
count as named. That is a measure to compare with, not a grade.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tai.engine.investigate import Investigation
from tai.engine.prompt import defang
from tai.engine.session import Session
from tai.frontends.flags import Flags
from tai.frontends.run import run
from tai.model import Attachment, Diagnosis, Finding

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TAI_DATA", ROOT.parent / "shared" / "data"))
INCIDENTS = Path(os.environ.get("TAI_INCIDENTS", DATA / "incidents"))
BUDGETS = (2000, 4000, 8000)
JUDGED = 4000


@dataclass(frozen=True)
class Run:
    """What one incident came to at one budget."""

    prompt: str
    findings: Sequence[Finding]
    diagnosis: Diagnosis


def diagnose(incident: dict[str, Any], budget: int) -> Run:
    """One run of the whole way, its output thrown away. Raises what `tai diagnose` would."""
    kept: list[Session] = []

    async def work(investigation: Investigation) -> None:
        attachments = [Attachment(label=label, text=text) for label, text in incident["evidence"].items()]
        await investigation.diagnose(incident["ticket"], attachments)
        kept.append(investigation.session)

    flags = Flags(no_host=True, engine="deterministic", budget=budget)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run(flags, flags.settings(), work, target=None)
    (session,) = kept
    assert session.diagnosis is not None
    return Run(session.prompt_text, session.findings, session.diagnosis)


def keeps(prompt: str, lines: Iterable[str]) -> list[bool]:
    """For each line, whether the prompt holds it, blanks at its ends apart."""
    return [defang(line).strip() in prompt for line in lines]


def named(incident: dict[str, Any], diagnosis: Diagnosis) -> list[str]:
    """The keywords that stand in the cause or in what is quoted for it."""
    quoted = [quote.text for claim in diagnosis.claims for quote in claim.quotes]
    told = " ".join([diagnosis.cause, *(claim.text for claim in diagnosis.claims), *quoted]).lower()
    return [word for word in incident["keywords"] if word.lower() in told]


def cites(finding: Finding, lines: Sequence[str]) -> bool:
    """Whether one of the finding's lines is one of these."""
    return any(cited.text.strip() == line.strip() for cited in finding.cited for line in lines)


def verdict(incident: dict[str, Any], run: Run) -> str:
    """`named`, `wrong` or `silent`; an incident without a cause to find is `right` when none is named."""
    if not incident["keywords"]:
        return "wrong" if run.diagnosis.outcome == "root_cause" else "right"
    if run.diagnosis.outcome != "root_cause":
        return "silent"
    return "named" if len(named(incident, run.diagnosis)) * 2 >= len(incident["keywords"]) else "wrong"


def lost_at(incident: dict[str, Any], run: Run) -> str:
    """The step that lost an incident that was not named."""
    lines = incident["key_evidence_lines"]
    if lines and not all(keeps(run.prompt, lines)):
        return "line"
    if lines and not any(cites(finding, lines) for finding in run.findings):
        return "signature"
    return "choice"


def main(arguments: Sequence[str]) -> None:
    """Run all incidents, or those named; -v prints each diagnosis with its findings."""
    verbose = "-v" in arguments
    wanted = {argument for argument in arguments if not argument.startswith("-")}
    paths = [path for path in sorted(INCIDENTS.glob("*.json")) if not wanted or path.stem in wanted]
    if not paths:
        sys.exit(
            f"no incidents in {INCIDENTS}; name their folder with TAI_INCIDENTS, or the data's with TAI_DATA"
        )
    verdicts: list[str] = []
    kept = dict.fromkeys(BUDGETS, 0)
    total = false = 0
    print(
        f"{'incident':9} {'category':16} kept {'/'.join(f'{b // 1000}k' for b in BUDGETS):10} {'outcome':13} keywords result"
    )
    for path in paths:
        incident = json.loads(path.read_text(encoding="utf-8"))
        lines = incident["key_evidence_lines"]
        runs = {budget: diagnose(incident, budget) for budget in BUDGETS}
        run = runs[JUDGED]
        shown = [sum(keeps(runs[budget].prompt, lines)) for budget in BUDGETS]
        for budget, count in zip(BUDGETS, shown, strict=True):
            kept[budget] += count
        total += len(lines)
        stray = [f for f in run.findings if f.severity in ("high", "critical") and not cites(f, lines)]
        false += len(stray)
        result = verdict(incident, run)
        verdicts.append(result)
        step = f" lost at: {lost_at(incident, run)}" if result in ("wrong", "silent") else ""
        words = f"{len(named(incident, run.diagnosis))}/{len(incident['keywords'])}"
        print(
            f"{incident['id']:9} {incident['category']:16} {'/'.join(map(str, shown))} of {len(lines)}   "
            f"{run.diagnosis.outcome:13} {words:8} {result}{step}"
        )
        if verbose:
            print(f"    said:  {run.diagnosis.cause}\n    truth: {incident['root_cause']}")
            for finding in run.findings:
                print(
                    f"    {finding.severity:8} {finding.signature} ({finding.subject}): {finding.explanation}"
                )
        for finding in stray:
            print(f"    elsewhere: {finding.signature} ({finding.subject}) on {finding.cited[0].text[:90]}")
    answerable = len(verdicts) - verdicts.count("right")
    print(
        f"\nproving lines kept: {', '.join(f'{kept[b]} of {total} at {b // 1000}k' for b in BUDGETS)}\n"
        f"cause named: {verdicts.count('named')} of {answerable}; silent: {verdicts.count('silent')}; "
        f"wrong: {verdicts.count('wrong')}; rightly none: {verdicts.count('right')}\n"
        f"grave findings on other lines than the proving ones: {false}"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tai-incidents-") as folder:
        os.environ.update(TAI_STATE_DIR=folder, TAI_COLLECTORS_DIR=f"{folder}/none", HOME=folder)
        main(sys.argv[1:])
