"""Takes the life out of links in what a model or a server says: nothing of it may be clicked, fetched or run by a viewer.

Not for what a host printed: a quoted line is shown as it is, and tai makes no link of it. What a model writes can be an
address that an attacker put into a log, with data of the host in its query; so there it reads `https[:]//…`, in every sink
alike: a terminal that makes links by itself, a web page that shows the NDJSON, a report in Markdown.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{1,30}):(?=//|\\/\\/|\\\\)")
_BARE = re.compile(
    r"(?i)(?<![A-Za-z0-9])(javascript|vbscript|data|mailto|tel|sms|blob|about|view-source|magnet|xmpp):(?=\S)"
)
_WWW = re.compile(r"(?i)(?<![A-Za-z0-9])www\.(?=[a-z0-9])")
# Markdown's links and images, and HTML's elements that load, link or run; `<redacted:…>` is none of them.
_MARKDOWN = re.compile(r"\](?=\()|\](?=\[[^\]]*\])")
_ELEMENT = re.compile(
    r"(?i)<(?=/?(?:a|area|audio|base|body|button|embed|form|frame|iframe|img|input|link|math|meta|object|script|source|style|svg|video)\b)"
)


def defuse(text: str) -> str:
    """`text` with no address, Markdown link or HTML element that a viewer would follow. Idempotent; grows by a few characters."""
    text = _SCHEME.sub(r"\1[:]", text)
    text = _BARE.sub(r"\1[:]", text)
    text = _WWW.sub("www[.]", text)
    text = _MARKDOWN.sub("] ", text)
    return _ELEMENT.sub("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", text)
