"""Which findings a model is given as hints: the likeliest, as far as their cited lines leave room for other evidence.

Not a judgement: every finding is shown to the person, and checked against the answer. But each hint brings all the lines that it
cites, and on a host with years of small faults in its journal those would fill the budget by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tai.catalog import Catalog
from tai.llm.correlate import weigh
from tai.model import Citation, Finding, Observation, Ticket

# Of the budget, what hints and the lines that they cite may take together.
_SHARE: Final = 0.5


def hints(
    catalog: Catalog,
    ticket: Ticket,
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    *,
    budget: int,
    count: Callable[[str], int],
) -> list[Finding]:
    """The findings to name in a prompt whose evidence has `budget` tokens, in the order in which they were found; never none of some."""
    weighed = weigh(ticket, observations, findings, catalog.symptoms, catalog.bearings)
    left = budget * _SHARE
    cited: set[tuple[str, int]] = set()
    chosen: list[Finding] = []
    for finding in (one.finding for one in weighed):
        new = [quote for quote in finding.cited if (quote.observation, quote.line) not in cited]
        price = count(f"- {finding.title}: {finding.subject}\n") + sum(count(_shown(quote)) for quote in new)
        if price > left and chosen:
            continue
        left -= price
        cited.update((quote.observation, quote.line) for quote in new)
        chosen.append(finding)
    return [finding for finding in findings if finding in chosen]


def _shown(quote: Citation) -> str:
    return f"{quote.ref}| {quote.text}\n"
