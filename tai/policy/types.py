"""Value types: what one word of a command line may be. The catalogue names them, the grammar asks them.

This module is not the path policy (`tai.policy.paths`): a path type only knows the shape of a path and how
the path is used; whether that path may be read is decided there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

PathKind = Literal["file", "cert", "dir", "any", "meta"]
"""How a path is used: `file` its content is read; `cert` it is opened like one, and only what a certificate publishes comes
out, also where a key stands beside it; `dir` the content of the files below it is read; `any` it is a file or a directory
whose content is read; `meta` only names, sizes, modes and times are."""

PATH_KINDS: Final[tuple[PathKind, ...]] = get_args(PathKind)

_ABSOLUTE_PATH = re.compile(r"/[^\x00-\x1f\x7f\\*?\[\]{}]{0,1000}")
_PATH_MEANING: Final[dict[PathKind, str]] = {
    "file": "absolute path of a readable file",
    "cert": "absolute path of a readable file with a certificate in it",
    "dir": "absolute path of a directory that may be read through",
    "any": "absolute path of a readable file or directory",
    "meta": "absolute path, for names and attributes only",
}


class Tier(StrEnum):
    """How much a command asks of the host and of the user. The order of the letters is the order of care."""

    A = "A"
    """Runs by itself."""
    B = "B"
    """Asks first: heavy, wakes a daemon, or may show secrets."""
    C = "C"
    """Asks first and needs an approved destination: it sends packets."""


@dataclass(frozen=True, slots=True)
class PathUse:
    """A path operand: the normalised absolute path, and what the command does with it."""

    path: str
    kind: PathKind


@dataclass(frozen=True, slots=True)
class ValueType:
    """One typed word. `name` is how the catalogue spells the type, `means` says it in words."""

    name: str
    means: str
    shape: re.Pattern[str]
    low: float | None = None
    high: float | None = None
    path_kind: PathKind | None = None
    destination: bool = False
    """The word names where packets go, so a tier C command needs it approved."""

    def fits(self, word: str) -> bool:
        """Whether the whole word has this type's shape and range."""
        if self.shape.fullmatch(word) is None:
            return False
        if self.low is None or self.high is None:
            return True
        return self.low <= float(word) <= self.high


def build(spelled: str, named: Mapping[str, ValueType]) -> ValueType:
    """The type that the catalogue spells as `int:1-10`, `num:0.5-5`, `enum:a|b`, `file`, or a name in `[types]`.

    Raises ValueError, saying what is wrong, for anything else.
    """
    kind, _, detail = spelled.partition(":")
    if kind in {"int", "num"}:
        low, high = _bounds(detail, whole=kind == "int")
        shape = r"[0-9]{1,9}" if kind == "int" else r"[0-9]{1,6}(?:\.[0-9]{1,3})?"
        noun = "whole number" if kind == "int" else "number"
        return ValueType(spelled, f"{noun} from {low:g} to {high:g}", re.compile(shape), low, high)
    if kind == "enum":
        words = detail.split("|")
        if not all(words):
            raise ValueError(f"an empty word in {spelled!r}")
        return ValueType(spelled, " or ".join(words), re.compile("|".join(map(re.escape, words))))
    for path_kind in PATH_KINDS:
        if spelled == path_kind:
            return ValueType(spelled, _PATH_MEANING[path_kind], _ABSOLUTE_PATH, path_kind=path_kind)
    if spelled not in named:
        raise ValueError(f"there is no type {spelled!r}")
    return named[spelled]


def _bounds(detail: str, *, whole: bool) -> tuple[float, float]:
    low, dash, high = detail.partition("-")
    if not dash:
        raise ValueError(f"a range such as 1-10 was expected, not {detail!r}")
    number = int if whole else float
    bounds = float(number(low)), float(number(high))
    if bounds[0] > bounds[1]:
        raise ValueError(f"an empty range: {detail}")
    return bounds
