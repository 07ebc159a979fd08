"""Whether posted evidence can be what the ticket is about: by what the ticket complains of, and by what the evidence speaks of. Pure.

Counterpart of `tai.llm.correlate`, which asks it about findings that neither a name, nor a word, nor the time ties to the
ticket. That somebody posted a line with a ticket says little: people post the wrong log, and a log holds old faults.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final

from tai.model import Bearing, Observation, Ticket

# What people write of each effect (`tai.catalog.model.Effect`), in the words of tickets.
_NOT: Final = r"(?:not|n't|never|cannot|unable to|refus\w+ to|fail(?:s|ed|ing)? to|no longer|without)"
_SAID: Final = {
    "unit-failure": rf"{_NOT} (?:\w+ ){{0,2}}?(?:start|come up|came up|boot|launch|run|stay up|work|activat)\w*"
    r"|\b(?:is|are|was|were|went|goes) down\b|stopped working|start(?:up)? fail|restart\w*|crash-?loop",
    "process-death": r"\bcrash|\bkilled\b|\bdie[sd]\b|\bdead\b|disappear|\bexit(?:s|ed)\b|abort|core ?dump|segfault|\boom\b|restart\w*",
    "backend-error": r"\b50[0-4]\b|\b5xx\b|bad gateway|backend|upstream|internal server error|service unavailable|error page",
    "connection-error": r"refused|time-?outs?\b|timed out|times out|unreach|not reachable|offline|disconnect|packet loss"
    rf"|drop\w* (?:\w+ )?(?:connection|packet)|reset by|{_NOT} (?:\w+ ){{0,2}}?(?:connect|reach)",
    "tls-error": r"\btls\b|\bssl\b|certificate|\bcerts?\b|handshake|x\.?509|\bhttps\b"
    rf"|\bbrowsers? (?:\w+ ){{0,2}}?warn|(?:{_NOT} secure|insecure|untrusted)\b(?= ?[\"'.,;:!)]|$| site| page| connection)",
    "auth-error": rf"\blog ?in|\blogged out\b|password|authenticat|\bssh\b|\bsudo\b|locked out|permission denied|access denied|{_NOT} log ",
    "slow": r"\bslow|hangs?\b|hanging|\bhung\b|stuck|latency|unresponsive|\bload\b|freez|frozen|froze|sluggish|stall",
    "write-error": r"\bwrit(?:e|es|ing|ten)\b|\bsav(?:e|es|ing)\b|no space|disk full|read-?only|quota|upload|\bfull\b",
    "read-error": r"input/output|\bi/o\b|(?:not|cannot|unable to) (?:be )?(?:read|open)|unreadable|corrupt",
    "data-damage": r"corrupt|damaged|checksum|inconsisten|lost (?:data|rows|files)",
    # An alarm that is resolved is over; a name that is not resolved is not known.
    "name-error": r"\bdns\b|resolv(?!ed\b)|(?:not|n't|cannot)(?: \w+)? resolved|\b(?:name|host|domain)s?\b[^.\n]{0,30} resolved"
    r"|unknown host|host ?name|look-?ups?\b|nxdomain|servfail",
    "mount-error": r"mount|\bnfs\b|\bfstab\b|\bshares?\b",
    "container-failure": r"\bpods?\b|container|docker|podman|kubernetes|\bk8s\b|image pull",
    "limit-hit": r"too many|limit|exhaust|not enough",
}  # fmt: skip
_PATTERNS: Final = {effect: re.compile(pattern) for effect, pattern in _SAID.items()}


def complained_of(text: str) -> frozenset[str]:
    """The effects that a ticket's own words describe."""
    said = text.lower().replace("’", "'")
    return frozenset(effect for effect, pattern in _PATTERNS.items() if pattern.search(said))


def can_be_meant(
    ticket: Ticket,
    bearing: Bearing,
    posted: Observation,
    *,
    words: AbstractSet[str],
    host_wide: bool,
    grave: bool,
) -> str:
    """Why a fault that posted evidence shows can be what the ticket is about, '' when nothing says so.

    words: the ticket's telling words, as they stand. host_wide: any program may suffer from the fault; that of one program is
    not another's, unless the evidence speaks of both. grave: only such a fault is meant by what it does alone.
    """
    named = [*ticket.subjects.units, *ticket.subjects.processes]
    if name := next((each for each in named if _speaks(posted, each)), ""):
        return f"the evidence posted speaks of {name}"
    if named and not host_wide:
        return ""
    if topics := sorted(words & bearing.topics):
        return f"the ticket says {topics[0]}"
    if grave and (done := sorted(complained_of(ticket.text) & bearing.effects)):
        return f"it can do what the ticket complains of ({done[0].replace('-', ' ')})"
    return ""


def could_do_it(ticket: Ticket, bearing: Bearing) -> bool:
    """Whether the fault can do something of what the ticket complains of; True when the ticket says nothing that is known."""
    complaints = complained_of(ticket.text)
    return not complaints or bool(complaints & bearing.effects)


def _speaks(seen: Observation, name: str) -> bool:
    bare = re.sub(r"\.(?:service|socket|timer)$", "", name.lower())
    return (
        len(bare) > 2
        and re.search(rf"(?<![a-z]){re.escape(bare)}", f"{seen.source}\n{seen.text}".lower()) is not None
    )
