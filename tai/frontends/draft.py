"""A model's answer while it streams: partial JSON → the sections written so far. Not evidence, and nothing of it is checked.

So no quote is taken from it, only what the model says in its own words; the verified diagnosis takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from tai.answer import Answer

_TITLES = {
    "observations": "seen",
    "timeline": "when",
    "hypotheses": "maybe",
    "outcome": "outcome",
    "cause": "cause",
    "evidence": "because",
    "missing": "missing",
    "actions": "do",
    "next_checks": "check",
}
assert _TITLES.keys() == Answer.model_fields.keys()  # noqa: S101 - a section of the contract without a title

Line = tuple[str, str]
"""Which section, in one short word, and what it says."""


class Draft:
    """Fed the deltas of one answer. call: of the delta; a new one begins the answer anew."""

    def __init__(self) -> None:
        self._call = 0
        self._text = ""
        self.lines: list[Line] = []
        """What is written so far; the last one may still grow."""

    def feed(self, piece: str, call: int) -> list[Line]:
        """Take the next piece. Returns the lines that are complete and were not returned before."""
        if call != self._call:
            self._call, self._text, self.lines = call, "", []
        self._text += piece
        before = self.lines[:-1]
        value = self._value()
        if value is not None:
            self.lines = list(_lines(value))
        # A line is done when another one has begun behind it.
        return self.lines[len(before) : -1] if len(self.lines) > len(before) + 1 else []

    def rest(self) -> list[Line]:
        """The line that was still growing when the answer ended."""
        return self.lines[-1:]

    def _value(self) -> dict[str, Any] | None:
        """The object so far; None when the text cannot be read, as where a fence stands behind its end: then what was read
        before holds.
        """
        # Without a schema enforced, a fence or a sentence may stand before the object.
        start = self._text.find("{")
        if start < 0:
            return None
        try:
            value = from_json(self._text[start:], allow_partial="trailing-strings")
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


def _lines(value: dict[str, Any]) -> Iterator[Line]:
    for field, title in _TITLES.items():
        said = value.get(field)
        for each in said if isinstance(said, list) else [said]:
            if text := _text(each):
                yield title, text


def _text(said: object) -> str:
    match said:
        case str():
            return said
        case {"at": str(at), "text": str(text)}:
            return f"{at}  {text}"
        case {"text": str(text)} | {"cause": str(text)}:
            return text
        case {"probe": str(probe), "argv": [str(), *_] | [] as argv}:
            return probe or " ".join(word for word in argv if isinstance(word, str))
        case {"argv": [str(), *_] as argv}:
            return " ".join(word for word in argv if isinstance(word, str))
        case _:
            return ""
