"""The small notation of `commands.toml` for flags and operands, read into `tai.policy.spec` values.

    "-s --long"             a flag with two spellings and no value; the first is the one that is written out
    "-s --long <type>"      it needs a value
    "-s --long [type]"      it may have a value, in the same word: -sVALUE, --long=VALUE
    "-s --long [next:type]" the same, and the next word is taken too when it has the type
    "-s <type>?"            it may have a value, always in the next word
    "type other{0,3} x? y*" operands in this order; * is {0,32}; `times=3` is put in when it is left out

Nothing here knows a file or a program. Every function raises ValueError, saying what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tai.policy.spec import Flag, Operand, Operands, Takes
from tai.policy.types import ValueType, build

_MANY = 32  # an upper bound for *, far above what anybody types
_VALUE = re.compile(r"<(?P<needs>[^<>]+)>(?P<next>\??)|\[(?P<or_next>next:)?(?P<may>[^\[\]]+)\]")
_OPERAND = re.compile(
    r"(?P<type>[A-Za-z0-9_-]+(?::[^\s{}=?*]+)?)"
    r"(?:=(?P<fill>\S+)|(?P<sign>[?*])|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]+))?\})?"
)


def read_flag(
    spelled: str,
    named: Mapping[str, ValueType],
    *,
    before_words: bool = False,
    dropped: str | None = None,
) -> Flag:
    """A flag as the catalogue spells it."""
    *names, last = spelled.split() or [""]
    match = _VALUE.fullmatch(last)
    if match is None:
        if any(bracket in last for bracket in "<>[]"):
            raise ValueError(f"the value of {spelled!r} does not parse")
        names.append(last)
        if not all(names):
            raise ValueError("a flag has no name")
        return Flag(tuple(names), before_words=before_words, dropped=dropped)
    if not names:
        raise ValueError(f"{spelled!r} has a value but no name")
    if match["needs"]:
        takes = Takes.NEXT if match["next"] else Takes.VALUE
    else:
        takes = Takes.ATTACHED_OR_NEXT if match["or_next"] else Takes.ATTACHED
    value = build(match["needs"] or match["may"], named)
    return Flag(tuple(names), takes, value, before_words=before_words, dropped=dropped)


def read_operands(spelled: str, named: Mapping[str, ValueType]) -> Operands:
    """One allowed sequence of operands."""
    return tuple(_operand(item, named) for item in spelled.split())


def _operand(item: str, named: Mapping[str, ValueType]) -> Operand:
    match = _OPERAND.fullmatch(item)
    if match is None:
        raise ValueError(f"the operand {item!r} does not parse")
    value = build(match["type"], named)
    if match["fill"]:
        if not value.fits(match["fill"]):
            raise ValueError(f"{match['fill']!r} is not {value.means}")
        return Operand(value, 0, 1, match["fill"])
    if match["sign"]:
        return Operand(value, 0, 1 if match["sign"] == "?" else _MANY)
    if match["least"]:
        least = int(match["least"])
        most = int(match["most"] or least)
        if not least <= most <= _MANY or most == 0:
            raise ValueError(f"the counts of {item!r} make no sense")
        return Operand(value, least, most)
    return Operand(value)


def expand_braces(text: str) -> list[str]:
    """`{a,addr}{, show}` gives `a`, `addr`, `a show`, `addr show`; braces do not nest."""
    match = re.search(r"\{([^{}]*)\}", text)
    if match is None:
        if "{" in text or "}" in text:
            raise ValueError(f"unbalanced braces in {text!r}")
        return [text]
    head, tail = text[: match.start()], text[match.end() :]
    return [head + choice + rest for rest in expand_braces(tail) for choice in match[1].split(",")]
