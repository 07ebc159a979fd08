"""Ticket text → `Ticket`. Pure; the text has been sanitised and redacted before it comes here.

Not a language model and not a judge: it finds names that can be found by form (times, hosts, units, ports, paths,
pasted output) and leaves the rest as words. What it misses, the user can say with a flag or a command.
"""

from __future__ import annotations

import re
from datetime import datetime

from tai.model import Ticket
from tai.ticket.pasted import split_pasted
from tai.ticket.subjects import find_hosts, find_paths, find_subjects
from tai.ticket.window import find_window
from tai.ticket.words import find_words

__all__ = ["parse"]


def parse(text: str, *, now: datetime) -> Ticket:
    """Read a ticket.

    text: as pasted, cleaned. now: an aware datetime; times of day without a date are the latest before it, and times
    without a zone are in its zone.
    """
    prose, attachments = split_pasted(text)
    # A ticket that is nothing but pasted output still has subjects; they are then read from that output's first lines.
    readable = (
        prose
        if re.sub(r"\[pasted \d+ lines\]", "", prose).strip()
        else "\n".join(item.text[:2000] for item in attachments)
    )
    return Ticket(
        text=text,
        hosts=find_hosts(readable),
        window=find_window(readable, now=now),
        subjects=find_subjects(readable),
        paths=find_paths(readable),
        attachments=attachments,
        words=find_words(readable),
    )
