"""The words of a ticket that may say where to look, in lower case. Which of them mean anything, the collectors know."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[a-z][a-z0-9_+-]{2,30}")
# Short words are names where they stand in capitals (CA, IO, 2FA, K8S): written small they are everyday words (at, is, su),
# but for these few.
_CAPITALS: Final = re.compile(r"(?<![\w.@/-])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,4}(?=s?(?![\w@]))")
_SMALL: Final = re.compile(r"(?<![\w.@/-])(?:db|io|ip|vm|mx)s?(?![\w@.-])")
_IO: Final = re.compile(r"(?<![\w/])i/o(?![\w/])")
_JOINED: Final = re.compile(r"\b(?:[A-Z][a-z]{2,30}){2,6}\b")
_PART: Final = re.compile(r"[A-Z][a-z]+")
_MCE: Final = re.compile(r"\bmachine[ -]check")
# HTTP status codes: those that IANA has registered, and nginx' and Cloudflare's own.
_STATUS: Final = re.compile(
    r"(?<![\w.,:/#+=$€£-])(?:HTTP[ /-]?)?(4(?:0\d|1[0-8]|2[1-689]|31|44|51|9[4-9])|5(?:0[0-8]|1[01]|2\d|30|99)|[45]xx)"
    r"(?:'?s)?(?![\w%$€£-]|[.,:]\d)",
    re.IGNORECASE,
)
# ... unless something is counted or numbered by them.
_COUNTED: Final = re.compile(
    r"\s*(?:[kmgt]?i?b|bytes?|[mun]?s|sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|percent|people|users?|customers?|clients?|hosts?|"
    r"servers?|vms?|nodes?|pods?|containers?|process(?:es)?|threads?|connections?|sessions?|requests?|quer(?:y|ies)|files?|lines?|"
    r"rows?|messages?|mails?|emails?|jobs?|tasks?|orders?|times|entries|events?|packets?|tickets?|euros?|dollars?)\b",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(
    r"(?:\b(?:ports?|pid|uid|gid|id|line|ticket|order|case|issue|incident|vlan|number|no|nr|room|rack|about|around|nearly|almost|"
    r"over|than|some|of)\.?\s*[:=#]?\s*)$",
    re.IGNORECASE,
)


def find_words(text: str) -> tuple[str, ...]:
    """Words of three letters and more, short names in capitals, the parts of joined ones (DegradedArray), what two words say
    ("machine check": mce), and HTTP status codes that stand alone; sorted, each once.
    """
    small = text.lower()
    words = {*_WORD.findall(small), *(word.rstrip("s") for word in _SMALL.findall(small))}
    if _IO.search(small):
        words.add("io")
    if _MCE.search(small):
        words.add("mce")
    for line in text.splitlines():
        if not _shouted(line):
            words.update(word.lower() for word in _CAPITALS.findall(line))
    words.update(part.lower() for joined in _JOINED.findall(text) for part in _PART.findall(joined))
    words.update(_statuses(text))
    return tuple(sorted(words))


def _shouted(line: str) -> bool:
    """Whether the line is in capitals as a whole, so that they mark no names."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    return len(words) > 2 and all(word.isupper() for word in words)


def _statuses(text: str) -> set[str]:
    return {
        found[1].lower()
        for found in _STATUS.finditer(text)
        if not _COUNTED.match(text, found.end())
        and not _NUMBERED.search(text, max(0, found.start() - 20), found.start())
    }
