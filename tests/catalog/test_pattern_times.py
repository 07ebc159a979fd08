"""No shipped pattern hangs on a line that a hostile host might print: each is timed on lines made to hurt it.

The lines are the signatures' own cases, with one character repeated to the length at which tai cuts a line.
"""

from __future__ import annotations

import pytest

from tai.catalog import trial
from tai.catalog.model import Collector, Signature
from tai.parsers.lines import LONGEST
from tests.catalog.test_shipped import CATALOG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_PLACES = 14  # characters of a case that are tried, evenly spread


def _hurt(signature: Signature) -> list[str]:
    told = [line for case in signature.cases if case.matches for line in case.text.splitlines() if line][:3]
    return [
        line[:at] + line[at] * max(0, LONGEST - len(line)) + line[at + 1 : -1] + "\0"
        for line in told
        for at in range(0, len(line), max(1, len(line) // _PLACES))
    ]


@pytest.mark.parametrize("collector", CATALOG.collectors, ids=lambda each: each.name)
def test_no_pattern_takes_long_on_a_line_made_to_hurt_it(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "LIMIT_S", 0.5)  # of processor time; the slowest takes a fifth of that
    slow = [
        (signature.id, pattern)
        for signature in collector.signatures
        for pattern in (*signature.match.line, *filter(None, [signature.match.unless]))
        if not all(trial._in_time(pattern, line) for line in _hurt(signature))
    ]
    assert slow == []
