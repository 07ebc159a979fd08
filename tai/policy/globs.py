"""Path globs to regular expressions. Not shell globbing: nothing here looks at a disk, and dots are ordinary.

*          any characters within one component, also none
**         as the last component: one or more components, so `/etc/**` is all that lies below /etc but not
           /etc itself; elsewhere, before a slash: zero or more whole components, so `**/.ssh/**` and
           `/sys/**/vpd` match at every depth
?          one character within a component
{a,b}      alternatives, which may hold globs and nest
[0-9]+     a run of digits, as in /proc/[0-9]+/status; no other brackets exist
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DIGITS = "[0-9]+"


def union(globs: Iterable[str]) -> re.Pattern[str]:
    """One pattern, for `fullmatch`, that matches a normalised absolute path when any of the globs does.

    Raises ValueError for a glob that does not parse.
    """
    return re.compile("|".join(f"(?:{translate(glob)})" for glob in globs) or r"(?!)")


def translate(glob: str) -> str:
    """The regular expression of one glob; see the module's docstring for the language."""
    out: list[str] = []
    depth = at = 0
    while at < len(glob):
        rest = glob[at:]
        if rest.startswith("**/"):
            # At the very start the components begin with the root's slash; after a slash they do not.
            out.append("/(?:[^/]+/)*" if at == 0 else "(?:[^/]+/)*")
            at += 3
        elif rest.startswith("**"):
            if len(rest) > 2 and rest[2] not in ",}":
                raise ValueError(f"** must be a whole component in {glob!r}")
            out.append(".+")
            at += 2
        elif rest.startswith(_DIGITS):
            out.append(_DIGITS)
            at += len(_DIGITS)
        else:
            character = glob[at]
            if character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
            if character in "[]" or depth < 0:
                raise ValueError(f"unexpected {character!r} in {glob!r}")
            out.append(_one(character, inside=depth > 0))
            at += 1
    if depth != 0:
        raise ValueError(f"unbalanced braces in {glob!r}")
    return "".join(out)


def _one(character: str, *, inside: bool) -> str:
    match character:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "{":
            return "(?:"
        case "}":
            return ")"
        case "," if inside:
            return "|"
        case _:
            return re.escape(character)
