"""`tai sessions …` and `tai replay`: what was investigated before, shown again from its record without host or model.

Not the reading of a record (`tai.record`). Every command that ran a session also calls `prune` here when it is over.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tai.errors import EXIT_HOST, EXIT_OK
from tai.frontends.console import open_console
from tai.frontends.flags import Flags
from tai.frontends.lines import counted, cut, one_line, size
from tai.frontends.rows import Rows
from tai.record import Recorded, Shelf, read
from tai.settings import Settings

if TYPE_CHECKING:
    from tai.bus import Sink

_LONGEST = 60  # of a ticket's first line, or a cause, in the list


def shelf(chosen: Settings) -> Shelf:
    """The sessions under these settings."""
    return Shelf(chosen.state_dir / "sessions")


def listed(flags: Flags) -> int:
    """`tai sessions`: every session, the newest first."""
    rows = Rows("session", "began", "host", "state", "evidence", "size", "ticket or cause")
    count = 0
    for one in shelf(flags.settings()).all():
        count += 1
        about = one_line(cut(one.cause or one.ticket, _LONGEST)).plain
        began = f"{one.began.astimezone():%Y-%m-%d %H:%M}"
        rows.add_row(one.id, began, one.host, one.state, str(one.evidence), size(one.size), about)
    if count:
        rows.show()
    else:
        sys.stderr.write("tai: there are no sessions yet\n")
    return EXIT_OK


def remove(flags: Flags, refs: Sequence[str]) -> int:
    """`tai sessions rm ID…`. All are found before the first is removed."""
    known = shelf(flags.settings())
    for folder in [known.find(ref) for ref in refs]:
        known.remove(folder)
        sys.stderr.write(f"tai: removed {folder.name}\n")
    return EXIT_OK


def prune_now(flags: Flags) -> int:
    """`tai sessions prune`: what every run does when it is over, now."""
    if not prune(flags.settings()):
        sys.stderr.write("tai: nothing is over the limits retention_days and retention_bytes\n")
    return EXIT_OK


def prune(chosen: Settings, *, keep: str = "") -> int:
    """Remove sessions beyond the retention settings and say so; how many. keep: the id of one that stays."""
    removed = shelf(chosen).prune(
        days=chosen.retention_days, most_bytes=chosen.retention_bytes, now=datetime.now(UTC), keep=keep
    )
    if removed:
        names = " to ".join(dict.fromkeys((removed[-1].name, removed[0].name)))
        sys.stderr.write(
            f"tai: {counted(len(removed), 'old session')} removed, {names} "
            f"(retention_days {chosen.retention_days}, retention_bytes {size(chosen.retention_bytes)})\n"
        )
    return len(removed)


def verify(flags: Flags, refs: Sequence[str]) -> int:
    """`tai sessions verify [ID…]`: whether each record is as it was written. Exit status 3 when one is not."""
    known = shelf(flags.settings())
    status = EXIT_OK
    for folder in [known.find(ref) for ref in refs] if refs else known.folders():
        held = read(folder)
        sys.stdout.write(f"{folder.name}  {state_of(held)}\n")
        if held.broken is not None:
            status = EXIT_HOST
    return status


def state_of(held: Recorded) -> str:
    """How a record fared, in words, with the head of its chain."""
    said = [f"{counted(len(held.events), 'event')}"]
    if held.broken is None:
        said.append(f"intact, chain {held.chain}")
    else:
        said.append(
            f"BROKEN: changed at line {held.broken:,}; nothing vouches for what it says from there on"
        )
    if held.torn:
        said.append(f"the last line was never finished ({size(held.torn)} left out)")
    if held.unread:
        said.append(f"{counted(held.unread, 'line')} not understood (of another version of tai?)")
    return "; ".join(said)


def replay(flags: Flags, ref: str) -> int:
    """`tai replay ID`: the session's events through the front end that the flags choose. Exit status 3 for a broken record."""
    from tai.frontends.jsonl import JsonLines  # noqa: PLC0415 - not for the list
    from tai.frontends.output import Outputs  # noqa: PLC0415
    from tai.frontends.render import Renderer  # noqa: PLC0415

    outputs = Outputs.of(flags)
    chosen = flags.settings()
    held = read(shelf(chosen).find(ref))
    talk = open_console(sys.stderr, plain=chosen.plain)
    renderer = Renderer(open_console(sys.stdout, plain=chosen.plain), talk=talk, verbose=flags.verbose)
    sink: Sink = JsonLines(sys.stdout) if flags.as_json else renderer
    try:
        for stamped in held.events:
            sink(stamped)
    finally:
        renderer.close()
    sys.stderr.write(f"tai: replayed {held.session}: {state_of(held)}\n")
    outputs.write(held.folder)
    return EXIT_OK if held.broken is None else EXIT_HOST
