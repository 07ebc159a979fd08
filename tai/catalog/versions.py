"""Version numbers against bounds: `8.6` holds `>=8,<9`. For distributions and kernels, not for packages.

Compared number by number, as far as the bound says: `==8` holds for 8.6, and so does `<=8`.
"""

from __future__ import annotations

import re

_BOUND = re.compile(r"(>=|<=|==|!=|>|<)(\d+(?:\.\d+)*)")


def within(version: str, bounds: str) -> bool | None:
    """Whether a version holds all of these bounds (see `model.Versions`); None when it begins with no number.

    What follows the leading numbers does not matter: `4.18.0-553.el8.x86_64` is 4.18.0.
    """
    leading = re.match(r"\d+(?:\.\d+)*", version)
    if leading is None:
        return None
    has = [int(part) for part in leading[0].split(".")]
    return all(
        _holds(has, op, [int(part) for part in bound.split(".")]) for op, bound in _BOUND.findall(bounds)
    )


def _holds(has: list[int], op: str, bound: list[int]) -> bool:
    has = (has + [0] * len(bound))[: len(bound)]
    match op:
        case ">=":
            return has >= bound
        case "<=":
            return has <= bound
        case ">":
            return has > bound
        case "<":
            return has < bound
        case "==":
            return has == bound
        case _:
            return has != bound
