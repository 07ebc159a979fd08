"""Regular expressions of collector files: compiled once, and refused when a long line could make them run for ever.

Python's `re` backtracks. Two habits make that explode, and both can be seen in the pattern: a repeated group that
itself holds an unbounded repetition, `(a+)+`, and several wide repetitions one after another, `.*x.*y.*`. Lines are cut
(`tai.parsers.lines.LONGEST`) before they are searched, so that what is left is bounded too.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Final

_MOST_WIDE: Final = 2
# One token of a pattern: escape, character class, group opening, or any other single character.
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P<\w+>|[:=!>]|<[=!]|[aimsux]+\)|P=\w+\))|.", re.DOTALL
)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")
_REPEAT = re.compile(r"[*+?]|\{\d*,?\d*\}")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The compiled expression. Raises re.error, whose text says what is wrong."""
    with warnings.catch_warnings():
        # `[[` may mean something else in a later Python; it is no fault of who runs tai.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)


def unsafe(pattern: str) -> str:
    """Why the pattern could take very long on a long line, '' when it cannot."""
    open_groups: list[bool] = [False]  # for each open group: does it hold an unbounded repetition?
    wide = 0
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        assert token is not None  # noqa: S101 - the last alternative takes any character
        position = token.end()
        text = token[0]
        closed_unbounded = False
        if text.startswith("(?") and text.endswith(")"):
            if text.startswith("(?P="):
                return "it refers back to a group"
            continue
        if text.startswith("("):
            open_groups.append(False)
            continue
        if text == ")" and len(open_groups) > 1:
            closed_unbounded = open_groups.pop()
            open_groups[-1] = open_groups[-1] or closed_unbounded
        repeat = _REPEAT.match(pattern, position)
        if repeat is None:
            continue
        position = repeat.end()
        if _UNBOUNDED.fullmatch(repeat[0]):
            if closed_unbounded:
                return "a group that repeats without bound holds something that repeats without bound"
            open_groups[-1] = True
            wide += text == "." or text.startswith("[^")
        elif closed_unbounded and repeat[0] != "?":
            return "a repeated group holds something that repeats without bound"
    if wide > _MOST_WIDE:
        return f"it has {wide} wide repetitions such as '.*' (at most {_MOST_WIDE}); bound them, as in '.{{0,200}}'"
    return ""
