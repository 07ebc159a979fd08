"""Text hygiene: what hosts print, made safe to store, show and send. Pure: no I/O, no settings.

`clean` is the way in for the engine; the rest is for what never was an observation: names in errors and
prompts (`sanitise_line`), text that arrives in pieces (`Redactor.stream`).

Only the sanitiser is loaded at once, since front ends need it for every line that they print. The rules of
the redactor are some hundred patterns, 40 ms to compile, and wait for the first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tai.text.sanitise import sanitise, sanitise_line

if TYPE_CHECKING:
    from tai.text.anonymise import Anonymiser
    from tai.text.hygiene import Clean, clean
    from tai.text.redact import Redacted, Redactor, RedactStream
else:
    _MODULES = {
        "Anonymiser": "anonymise",
        "Clean": "hygiene",
        "RedactStream": "redact",
        "Redacted": "redact",
        "Redactor": "redact",
        "clean": "hygiene",
    }

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value


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
