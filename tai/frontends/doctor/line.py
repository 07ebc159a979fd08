"""One line of `tai doctor`. Not its look: that is the package's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Line:
    """ok: nothing to do. warn: tai works, and sees or guards less than it could. fail: tai does not work so.

    what: what was looked at, a word or two; detail: what was found; remedy: what to do, '' where nothing is to be done.
    """

    verdict: Literal["ok", "warn", "fail"]
    what: str
    detail: str
    remedy: str = ""
