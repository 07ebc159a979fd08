"""Text hygiene: what hosts print, made safe to store, show and send. Pure: no I/O, no settings.

`clean` is the way in for the engine; the rest is for what never was an observation: names in errors and
prompts (`sanitise_line`), text that arrives in pieces (`Redactor.stream`).
"""

from tai.text.anonymise import Anonymiser
from tai.text.clean import Clean, clean
from tai.text.redact import Redacted, Redactor, RedactStream
from tai.text.sanitise import sanitise, sanitise_line

__all__ = [
    "Anonymiser",
    "Clean",
    "RedactStream",
    "Redacted",
    "Redactor",
    "clean",
    "sanitise",
    "sanitise_line",
]
