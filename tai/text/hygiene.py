"""The one way from a host's bytes to text that may be stored, shown or sent to a model.

Not a place for rules: it only sets the order, which matters. Escapes go first, since they could split a
secret in two; secrets before names, since a name inside a secret would change its placeholder.
"""

from __future__ import annotations

from dataclasses import dataclass

from tai.text.anonymise import Anonymiser
from tai.text.redact import Redactor
from tai.text.sanitise import sanitise


@dataclass(frozen=True, slots=True)
class Clean:
    """text: line n is the host's line n, counted by newlines; redactions: kind → secrets masked."""

    text: str
    redactions: dict[str, int]


def clean(
    raw: bytes | str, *, producer: str, redactor: Redactor, anonymiser: Anonymiser | None = None
) -> Clean:
    """What a host sent (or a user pasted), safe to keep.

    raw: as it came. producer: what printed it, the argv joined by blanks or a probe's name. redactor: the
    run's. anonymiser: the run's, or None where the user did not ask for it. Raises nothing.
    """
    redacted = redactor.redact(sanitise(raw), producer=producer)
    text = redacted.text if anonymiser is None else anonymiser.anonymise(redacted.text)
    return Clean(text, redacted.counts)
