"""Notices a model that no longer gets anywhere: runs of white space, and the same passage over and over.

Not a limit on length: that is the token cap in `tai.llm.reply`. Some models under a JSON schema write white space, or
one list entry, until the window is full (shared `VLLM.md`, traps); every such token costs the person who waits.
"""

from __future__ import annotations

from tai.text.links import defuse

# JSON indents by a few columns; a quoted line of a wide table has runs of blanks, and the longest line that an answer
# may hold is 600 characters, of which some say something.
LONGEST_BLANK = 300
# A passage must come back this often, over this many characters, to count as a loop. 700 characters of one kind do not
# fit into any one string of an answer (600), so a quoted rule of dashes passes; six list entries alike do not.
LEAST_TIMES = 6
LEAST_CHARS = 700
LONGEST_PASSAGE = 500
_TAIL = LONGEST_PASSAGE * (LEAST_TIMES + 1)
_EVERY = 64  # characters between two looks at the tail
_PROBE = 24  # what the tail ends in is searched for further up; the distances are the candidate lengths


class LoopGuard:
    """Fed a text piece by piece, says when it runs in a loop. One guard for one channel of one answer."""

    def __init__(self) -> None:
        self._tail = ""
        self._unseen = 0

    def feed(self, piece: str) -> str:
        """Take the next piece. Returns '' or, in words, what kind of loop the text is in."""
        self._tail = (self._tail + piece)[-_TAIL:]
        blank = len(self._tail) - len(self._tail.rstrip())
        if blank > LONGEST_BLANK:
            return f"wrote more than {LONGEST_BLANK} characters of white space on end"
        self._unseen += len(piece)
        if self._unseen < _EVERY:
            return ""
        self._unseen = 0
        passage = repeated(self._tail)
        if not passage:
            return ""
        return f"repeated itself without end: {defuse(passage[:60])!r}"


def repeated(text: str) -> str:
    """The passage that the end of `text` consists of, at least LEAST_TIMES over LEAST_CHARS characters; '' if none."""
    if len(text) < LEAST_CHARS:
        return ""
    probe = text[-_PROBE:]
    at = len(text) - len(probe)
    while (at := text.rfind(probe, 0, at + len(probe) - 1)) >= 0:
        period = len(text) - len(probe) - at
        if period > LONGEST_PASSAGE:
            return ""
        span = max(LEAST_CHARS, period * LEAST_TIMES)
        if len(text) >= span and text[-span:-period] == text[-span + period :]:
            return text[-period:]
    return ""
