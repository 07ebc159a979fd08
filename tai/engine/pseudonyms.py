"""`--anonymize` through a whole investigation: what is told of evidence carries stand-ins, what is sent carries the truth.

Not the finding and replacing of names (`tai.text.anonymise`). Stand-ins: observations, the ticket as it is told, findings,
the prompt, the diagnosis. The truth: connecting, the plan and the record of commands, which must say what was really sent.
So what a model or a finding proposes is turned back before it is planned. Without an anonymiser everything passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tai.model import Observation, Ticket
from tai.text import Anonymiser


class Pseudonyms:
    """One per run. anonymiser: None where the user did not ask for it."""

    def __init__(self, anonymiser: Anonymiser | None = None) -> None:
        self.anonymiser = anonymiser
        self._known = 0

    def learn(
        self, *, hosts: Iterable[str] = (), users: Iterable[str] = (), domains: Iterable[str] = ()
    ) -> None:
        """Names to hide from now on. An empty one, where a host did not tell, is none."""
        if self.anonymiser is not None:
            self.anonymiser.learn(
                hosts=filter(None, hosts), users=filter(None, users), domains=filter(None, domains)
            )

    def hide(self, text: str) -> str:
        """`text` as it may be told. For true text only: a stand-in of a private address would get a stand-in of its own."""
        return text if self.anonymiser is None else self.anonymiser.anonymise(text)

    def hide_words(self, words: Sequence[str]) -> tuple[str, ...]:
        """A command line as it may be told."""
        return tuple(map(self.hide, words))

    def hide_ticket(self, ticket: Ticket) -> Ticket:
        """The ticket as it may be told, with all that was parsed from it."""
        if self.anonymiser is None:
            return ticket
        self.learn(hosts=ticket.hosts)
        hidden = _each_text(ticket.model_dump(), self.hide)
        return Ticket.model_validate(hidden)

    def reveal(self, words: Sequence[str]) -> tuple[str, ...]:
        """A proposed command line with the true names and addresses in place of their stand-ins."""
        return tuple(words) if self.anonymiser is None else tuple(map(self.anonymiser.reveal, words))

    def reveal_rows(self, rows: list[Any]) -> list[Any]:
        """Parsed rows of an observation, for planning what to look at next."""
        if self.anonymiser is None:
            return rows
        revealed: list[Any] = _each_text(rows, self.anonymiser.reveal)
        return revealed

    def up_to_date(self, observations: list[Observation]) -> list[Observation]:
        """Observations without the names that became known after they were made; the same list when there are none."""
        if self.anonymiser is None or self.anonymiser.known == self._known:
            return observations
        self._known = self.anonymiser.known
        return [
            seen.model_copy(
                update={
                    name: _each_text(getattr(seen, name), self.anonymiser.hide_names)
                    for name in ("host", "argv", "label", "reason", "text", "data")
                }
            )
            for seen in observations
        ]


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same structure with each text in it changed; keys stay."""
    match value:
        case str():
            return change(value)
        case dict():
            return {key: _each_text(each, change) for key, each in value.items()}
        case tuple():
            return tuple(_each_text(each, change) for each in value)
        case list():
            return [_each_text(each, change) for each in value]
        case _:
            return value
