"""Mail queues as `mailq` prints them: Postfix's and sendmail's table, and Exim's list."""

from __future__ import annotations

import re

from tai.parsers.rows import Rows

# Postfix: `4bZx1Y2k5Lz8v*   1234 Fri Nov 20 14:02:11  ann@example.org`, then `(reason)` and the recipients, indented.
_POSTFIX = re.compile(
    r"(?P<id>[0-9A-Za-z]{6,20})(?P<mark>[*!#]?)\s+(?P<size>\d+) (?P<arrived>\w{3} \w{3} +\d+ [\d:]{8})\s+(?P<sender>\S+)"
)
_REASON = re.compile(r"\s*\((?P<reason>.+)\)")
# Exim: `25m  2.9K 0t5C6f-0000c8-00 <ann@example.org>` and `*** frozen ***`, then the recipients, indented.
_EXIM = re.compile(
    r"\s*(?P<age>\d+[smhdw])\s+(?P<size>[\d.]+[KMG]?)\s+(?P<id>\w{6}-\w{6,11}-\w{2,4})\s+<(?P<sender>[^>]*)>(?P<frozen>.*)"
)
_EMPTY = re.compile(r"(?i)mail queue is empty|is empty|total requests: 0")


def mail_queue(text: str) -> Rows:
    """One row for each message: id, sender, state (active, deferred, hold, frozen), reason, recipient.

    reason: what the last try was answered, '' where the list does not tell; recipient: the first. An empty queue is no
    error. Raises ValueError for text that is no queue. Source: mailq(1) of Postfix, exim(8) -bp.
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _POSTFIX.match(line):
            state = {"*": "active", "!": "hold"}.get(found["mark"], "deferred")
        elif found := _EXIM.match(line):
            state = "frozen" if "frozen" in found["frozen"] else "deferred"
        elif rows and line[:1].isspace() and line.strip():
            row = rows[-1]
            if not row["reason"] and (said := _REASON.match(line)):
                row["reason"] = said["reason"]
                row["_at"]["reason"] = index
            elif not row["recipient"]:
                row["recipient"] = line.split()[-1]
            continue
        elif rows and (said := _REASON.fullmatch(line)) and not rows[-1]["reason"]:
            # A reason of more than 80 characters starts at the margin.
            rows[-1]["reason"] = said["reason"]
            rows[-1]["_at"]["reason"] = index
            continue
        else:
            continue
        rows.append(
            {
                "id": found["id"],
                "sender": found["sender"],
                "state": state,
                "reason": "",
                "recipient": "",
                "_line": index,
                "_at": {},
            }
        )
    if not rows and text.strip() and not _EMPTY.search(text):
        raise ValueError("no mail queue")
    return rows
