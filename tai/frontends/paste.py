"""Pasted blocks, folded to one line while they are edited and whole again when they are sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A block of more lines than this would push the prompt off a 24-line screen, and redraw slowly over a slow link.
_LINES_SHOWN = 6


class Pastes:
    """The folded blocks of one draft."""

    def __init__(self) -> None:
        self._blocks: dict[str, str] = {}

    def fold(self, data: str) -> str:
        """What to put into the draft for a pasted `data`: itself when short, else a label such as `[pasted 184 lines]`."""
        text = data.replace("\r\n", "\n").replace("\r", "\n")
        count = text.rstrip("\n").count("\n") + 1
        if count <= _LINES_SHOWN:
            return text
        label = f"[pasted {count} lines]"
        if label in self._blocks:
            label = f"[pasted {count} lines, block {len(self._blocks) + 1}]"
        self._blocks[label] = text
        return label

    def unfold(self, draft: str) -> str:
        """The draft as it is sent: each label that still stands in it is replaced by its block."""
        if not self._blocks:
            return draft
        # In one pass: what a block says is text, even where it looks like the label of another.
        labels = "|".join(re.escape(label) for label in self._blocks)
        return re.sub(labels, lambda found: self._blocks[found[0]], draft)

    def without_end(self, draft: str, *, word: bool = False) -> str:
        """The draft without its last character or word, or without the label of a block that it ends in."""
        for label in self._blocks:
            if draft.endswith(label):
                return draft.removesuffix(label)
        return re.sub(r"\S*\s*\Z", "", draft, count=1) if word else draft[:-1]

    def clear(self) -> None:
        """Forget the blocks; a new draft begins."""
        self._blocks.clear()


@dataclass(frozen=True, slots=True)
class Typed:
    """A draft as it is edited, and what is folded in it."""

    text: str
    pastes: Pastes

    @property
    def whole(self) -> str:
        """As it is sent."""
        return self.pastes.unfold(self.text)
