r"""Makes every byte that a host sent visible and harmless; counterpart of `redact`, which runs after it.

This is not a terminal emulator: no escape sequence is interpreted. A control code point becomes its own
escape (`\x1b`, `\u202e`), so what it would have hidden, moved or reordered stays in view. Being pure text
work, it knows nothing of hosts, secrets or models.

One exception: colour (`ESC [ 31 m`, "SGR" in ECMA-48 8.3.117) is removed. It carries no text, half the
log files on earth contain it, and taking it out *shows* text that "conceal" or black-on-black would hide.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Everything that is not seen, or that changes how its neighbours are seen. Unicode 15.1 names, by range.
# Not in the list on purpose: the ten Arabic, Syriac and Kaithi number signs and marks of category Cf that
# do have a glyph, spaces of all widths, and unassigned code points (Python's tables age; fonts show a box).
_HIDDEN = (
    "\x00-\x08\x0b-\x1f"  # C0 except tab and newline; ESC and CR are among them
    "\x7f-\x9f"  # DEL and C1, whether sent raw (then undecodable) or encoded as C2 80..9F
    "\u00ad\u034f\u061c"  # soft hyphen, grapheme joiner, Arabic letter mark
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: blank letters
    "\u17b4\u17b5\u180b-\u180f"  # Khmer inherent vowels, Mongolian selectors
    "\u200b-\u200f\u2028-\u202e"  # zero width, marks, line and paragraph separators, bidi embeddings
    "\u2060-\u206f"  # joiners, invisible operators, bidi isolates, deprecated format characters
    "\ud800-\udfff"  # lone surrogates: no UTF-8 form, so they could not be stored
    "\ue000-\uf8ff"  # private use: every font may show something else
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff9-\ufffc\ufffe\uffff"  # noncharacters, selectors, BOM, annotation
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # hieroglyph, shorthand, music controls
    "\U000e0000-\U000e0fff"  # tags, supplementary selectors: the favourite carrier of hidden prompts
    "\U000f0000-\U0010ffff"  # private planes
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
)
FORBIDDEN = re.compile(f"[{_HIDDEN}]")
# Most output is ASCII, and what is not repeats itself (`●`, `└─`, the words of a language): short runs of
# anything else are looked at once each. The class above alone is 30 times as slow.
_SUSPECT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\U0010ffff]{1,16}")
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")
_C0_AND_DEL = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n")


def sanitise(raw: bytes | str) -> str:
    r"""`raw`, as the host sent it, as text in which only tab and newline are control characters.

    Bytes that are not UTF-8 show as `\xff`; `\r\n` ends a line as `\n` does; a lone carriage return shows
    as `\r`, so a progress bar keeps all its states on the one line that it has on the host. Line n of the
    result is line n on the host, counted by `\n`. Idempotent; raises nothing.
    """
    if isinstance(raw, bytes):
        if raw.isascii() and len(raw.translate(None, _C0_AND_DEL)) == len(raw):
            return raw.decode("ascii")
        raw = raw.decode("utf-8", "backslashreplace")
    if "\x1b" in raw:
        raw = _COLOUR.sub("", raw)
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n")
    return _SUSPECT.sub(lambda found: _shown(found[0]), raw)


def sanitise_line(raw: bytes | str) -> str:
    r"""As `sanitise`, for a name that is shown inside a line of ours: tab and newline show as `\t`, `\n`."""
    return sanitise(raw).replace("\t", r"\t").replace("\n", r"\n")


@lru_cache(maxsize=8192)
def _shown(run: str) -> str:
    return FORBIDDEN.sub(lambda found: _escape(found[0]), run)


def _escape(char: str) -> str:
    if char == "\r":
        return r"\r"
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
