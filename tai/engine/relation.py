"""How verified lines meet the ticket: by a name, by words, by time. Pure; one of the things that confidence is computed from.

Only what the host printed is compared, with the command that printed it: an engine can repeat the ticket's words in a cause
that has nothing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tai.model import Claim, Finding, Observation, Ticket, Window
from tai.parsers.timestamps import stamp_of

_NAME = re.compile(r"[a-z][a-z0-9_+-]{2,}")
# Words of tickets and logs that bind nothing to anything.
_COMMON_WORDS = """
    the and for not was were has have had are with that this from its does did but can cannot any all out after before since when
    then than they them there which while will been more most some only also into over under very host hosts server servers machine
    node system systemd service services unit units program process error errors failed fails failing failure fail start starts
    started starting stop stopped stopping restart restarted problem issue please look check what why how users user new old got get
    see one two time times itself log logs line lines file files kernel root main status code result exited exit message messages
    seems looks like now today yesterday again still every each other another about because should would could just using used use
    run running try tried tries same following first last show shows output linux mon tue wed thu fri sat sun jan feb mar apr may jun
    jul aug sep oct nov dec var usr etc lib opt home tmp level event events info warning debug pid uid version
    utc gmt cet cest
"""
_COMMON = frozenset(_COMMON_WORDS.split())
# A ticket of fewer telling words ("web-01 is slow") gives nothing to compare with.
_FEW = 3
# What precedes the complaint by this much may still cause it; a window with an end alone reaches back so far.
_LEAD = timedelta(hours=1)
_OPEN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Relation:
    """names: of the ticket that the lines are about; words: telling ones that both hold; in_time: a line's time lies in the
    ticket's window, or in the hour before it. vague: the ticket names nothing and says next to nothing to compare with.
    """

    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    in_time: bool = False
    vague: bool = False

    def __bool__(self) -> bool:
        return bool(self.names or self.words or self.in_time)


def relation(
    ticket: Ticket,
    claims: Iterable[Claim],
    observations: Sequence[Observation],
    findings: Sequence[Finding] = (),
) -> Relation:
    """What ties the claims' quoted lines to the ticket. findings: those of them that cite such a line add their subject."""
    sources: Mapping[str, str] = {seen.id: seen.source for seen in observations}
    quotes = [quote for claim in claims for quote in claim.quotes if quote.status != "unverified"]
    refs = {quote.ref for quote in quotes}
    subjects = [f"{f.subject} {f.category}" for f in findings if refs & {cited.ref for cited in f.cited}]
    texts = [
        *(quote.text for quote in quotes),
        *(sources.get(quote.observation, "") for quote in quotes),
        *subjects,
    ]
    text = "\n".join(dict.fromkeys(texts)).lower()
    return Relation(
        names=tuple(_names(ticket, text)),
        words=tuple(_words(ticket, text)),
        in_time=any(_inside(ticket.window, quote.text) for quote in quotes),
        vague=len(_telling(ticket)) < _FEW and not any(ticket.subjects.model_dump().values()),
    )


def _names(ticket: Ticket, text: str) -> Iterable[str]:
    subjects = ticket.subjects
    for name in dict.fromkeys(
        (*subjects.units, *subjects.processes, *subjects.addresses, *subjects.mounts, *ticket.paths)
    ):
        bare = name.lower().removesuffix(".service")
        if len(bare) > 2 and re.search(rf"(?<![\w.-]){re.escape(bare)}(?![\w-])", text):
            yield name
    for port in subjects.ports:
        if re.search(rf"(?<!\d){port}(?!\d)", text):
            yield f"port {port}"


def _words(ticket: Ticket, text: str) -> Iterable[str]:
    printed = {stem(word) for word in _NAME.findall(text)}
    return sorted(word for short, word in _telling(ticket).items() if short in printed)


def _telling(ticket: Ticket) -> dict[str, str]:
    """The ticket's words that say something, by their stem; its own host's name says nothing."""
    hosts = {part for host in ticket.hosts for part in _NAME.findall(host.lower())}
    return {
        stem(word): word
        for word in (*_NAME.findall(ticket.text.lower()), *filter(_NAME.fullmatch, ticket.words))
        if word not in _COMMON and word not in hosts
    }


def _inside(window: Window, line: str) -> bool:
    edge = window.since or window.until
    stamp = stamp_of(line, year=edge.year) if edge else None
    if edge is None or stamp is None or stamp.at is None:
        return False
    at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=edge.tzinfo)
    since = (window.since or edge - _OPEN) - _LEAD
    return since <= at <= (window.until or at)


def stem(word: str) -> str:
    """`certificates` is `certificate`; sshd and ssh are one program."""
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return (
        word.removesuffix("d") if len(word) > 3 and word.endswith("d") and not word.endswith("ed") else word
    )
