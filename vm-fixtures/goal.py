"""What a whole table of judged incidents has to reach (issue 9): not what one incident has to."""

from __future__ import annotations

from collections.abc import Sequence

from judge import Judged

_OUTCOMES = 26 / 30


def met(verdicts: Sequence[tuple[str, Judged]]) -> list[str]:
    """What was missed, in words. verdicts: with the true outcome of each."""
    missed = []
    right = sum(judged.outcome_right for _, judged in verdicts)
    if verdicts and right < _OUTCOMES * len(verdicts):
        missed.append(f"{right} of {len(verdicts)} outcomes are right, fewer than 26 of 30")
    misled = sum(judged.misleads and judged.confidence == "high" for _, judged in verdicts)
    if misled:
        missed.append(f"{misled} wrong causes were named with high confidence")
    loud = sorted({graver for truth, judged in verdicts if truth == "healthy" for graver in judged.graver})
    if loud:
        missed.append(f"findings above info on healthy hosts: {', '.join(loud)}")
    return missed
