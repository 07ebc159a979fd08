"""What a program said just before systemd saw it end: the cause that no signature has to know. Pure.

A unit that exits with an error has nearly always said why, in words of its own. Where no signature knows those words, the
worst line of the unit's own, between its last start and its end, is quoted as the reason. Not a guess about other
programs: the line must be the unit's, and must complain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from tai.model import Citation, Finding
from tai.parsers.lines import Lines
from tai.parsers.speaker import asked_about, message_of, speaker

SIGNATURE: Final = "last-words"
"""The id that such findings carry; the catalog has none of that name."""

_LINES_BACK: Final = 40
_LONGEST: Final = 240
_COMPLAINTS: Final = (
    re.compile(
        r"(?i)\b(?:fatal|panic|emerg|crit(?:ical)?|cannot|can't|could not|unable|failed to|must|aborting|exiting|giving up|terminating)\b|level=(?:fatal|panic)"
    ),
    re.compile(
        r"(?i)error|exception|\bfail(?:ed|ure)?\b|invalid|refused|denied|not found|no such|missing|unsupported|illegal|timed out|unknown|mismatch"
    ),
)
_HARMLESS: Final = re.compile(r"(?i)\bwarn(?:ing)?\b|\b0 errors?\b|no errors?\b|deprecat")
# A program that misses its peer says what it suffers from, not what is wrong; the peer is what to look at.
_PEER: Final = re.compile(r"(?i)connect|unreachable|timed? ?out|resol(?:ve|ution)")
# A frame of a stack, or a caret below source code: it belongs to what stands above.
_FRAME: Final = re.compile(
    r'^\s+(?:at |File "|in |\^|\.{3}|raise |return |throw )|^goroutine \d+|^\s*Traceback'
)
_MANAGER: Final = re.compile(r"^(?:systemd|init|kernel|\(.*\))$")
_BOUNDARY: Final = re.compile(
    r"Starting |Started |Main process exited|main process exited|Scheduled restart job"
)


def last_words(
    unit: str, end: Citation, lines: Lines, *, source: str, known: Collection[int]
) -> Finding | None:
    """A finding that quotes what `unit` said before it ended in the line `end`, None when it said nothing of the kind.

    lines, source: text and command line of the observation that `end` is in. known: its lines that signatures of causes
    cite already; where one of them lies in that stretch, it tells more.
    """
    best: tuple[int, int] | None = None
    for number, text in _own_lines(unit, source, end.line, lines):
        if number in known:
            return None
        if _FRAME.search(message_of(text)) or _HARMLESS.search(text) or _PEER.search(text):
            continue
        rank = next((rank for rank, words in enumerate(_COMPLAINTS) if words.search(message_of(text))), None)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, number)
    if best is None:
        return None
    said = lines.whole(best[1])
    return Finding(
        signature=SIGNATURE,
        title="A service ended, and said why",
        severity="medium",
        category="service-failure",
        subject=unit,
        cited=(
            Citation(observation=end.observation, line=best[1], text=said),
            end,
        ),
        explanation=f'{unit} ended with an error after its program said: "{message_of(said)[:_LONGEST]}"',
        actions=(f"Follow what the message of {unit} names; compare with what was changed before it.",),
        reference="systemd.exec(5), process exit codes",
    )


def _own_lines(unit: str, source: str, line: int, lines: Lines) -> Iterator[tuple[int, str]]:
    """The unit's own lines before `line`, nearest first, up to where it was started."""
    stem = _stem(unit)
    alone = _stem(asked_about(source)) == stem
    for number in range(line - 1, max(0, line - 1 - _LINES_BACK), -1):
        text = lines.line(number)
        program = speaker(text)
        if _MANAGER.match(program) or (not program and "systemd[1]" in text):
            if _BOUNDARY.search(text):
                return
            continue
        if alone or (program and _stem(program) == stem):
            yield number, text


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".service").partition("@")[0].lower()
