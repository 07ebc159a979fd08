"""Text that a server or a local program said, made fit for an error message: one line, printable, short.

Not the sanitiser of evidence (`tai.text`): this text never reaches an observation, a prompt or a record.
"""

from __future__ import annotations

_LONGEST = 300  # an error message is read, not scrolled


def clean(text: str) -> str:
    """One line of at most 300 printable characters; runs of blanks become one, the rest becomes `?`."""
    words = " ".join(text.split())
    printable = "".join(character if character.isprintable() else "?" for character in words)
    return printable if len(printable) <= _LONGEST else printable[:_LONGEST] + "…"
