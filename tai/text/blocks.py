"""Private keys of several lines, cut or whole: the only secrets that no single line gives away.

A state machine over lines, not a parser: it never decodes a key, and it keeps every line in its place, so
that line 41 stays line 41. What is between the markers of a private key (RFC 7468 PEM, OpenPGP armor,
OpenVPN, PuTTY) is secret; certificates and public keys are evidence and stay.

A block may begin without its first marker (`tail` cut it off: seen at the last marker, looking back) or
end without its last (`head` did, or the size limit). Each line may carry a prefix, as in a journal or in
YAML: bodies then begin in the column of the marker.
"""

from __future__ import annotations

import re

from tai.text.rules import PatternRule, Secret

# Lines to look back from an end marker: an RSA key of 16384 bits has 200.
LOOK_BACK = 400
# Foreign lines inside a block before it counts as cut off: a journal may mix in other units' lines.
_PATIENCE = 8
# A shorter line is in the body only as its last, directly below a full one: "ready" is base64 as well.
_FULL = 16
_LAST = "<redacted:private-key-end:"  # the mark of that line, where it is masked already

_KIND = r"(?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V\d|OpenVPN tls-crypt-v2 (?:client|server) key)"
MARKER = re.compile(r"---- ?(?:BEGIN|END)")
_BEGIN = re.compile(rf"-{{4,5}} ?BEGIN {_KIND} ?-{{4,5}}")
_END = re.compile(rf"-{{4,5}} ?END {_KIND} ?-{{4,5}}")
# The first bytes of keys, in base64: OpenSSH's magic, the DER of PKCS#1, PKCS#8, SEC1 and Ed25519 keys.
_HEADLESS = re.compile(
    r"(?<![A-Za-z0-9+/])(?:b3BlbnNzaC1rZXktdjEA|MI[IG][A-Za-z0-9+/]{3}IB(?:AAK[BC]|ADAN)|MH[cg]CAQEEI|MIGkAgEBBD|MIHcAgEBBE|"
    r"MC4CAQAwBQYDK2Vw|MIG[HT]AgEAM|MIHuAgEAM)[A-Za-z0-9+/=]{8,}"
)
_PUTTY = re.compile(r"Private-Lines: (\d{1,4})\s*$")
_PUTTY_MAC = re.compile(r"Private-MAC: ([0-9a-f]{16,})")
_MASKED = r"<redacted:private-key(?:-end)?:[0-9a-f]{8}>"
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")
_BODY = re.compile(rf"[A-Za-z0-9+/=]+|{_MASKED}")
_TAIL = re.compile(rf"(?:(?<=\s)|^)(?:[A-Za-z0-9+/=]{{16,}}|{_MASKED})\s*$")
_HEADER = re.compile(r"[A-Z][A-Za-z-]{2,30}: |\s*$")
_ONE_LINE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\ ")

# Finds the lines at which a block may begin or end. What is secret in them, `Blocks` says.
MARKERS = PatternRule(
    "private-key",
    re.compile(r"(?!)"),
    anchors=("----", "private-lines", "private-mac"),
    likely=re.compile(rb"(?s:.)(?:b3BlbnNzaC1|MI[IGH]|MH[cg]|MC4C)"),
)


class Blocks:
    """Where the walk over lines is: outside of any block, or inside and how far."""

    def __init__(self) -> None:
        self._column = -1  # of the block's marker; -1 outside
        self._misses = 0
        self._body_above = False  # the line before was a full line of the body
        self._counted = 0  # PuTTY says how many lines follow

    @property
    def inside(self) -> bool:
        return self._column >= 0 or self._counted > 0

    def secrets(self, line: str) -> list[Secret]:
        """What of the next line is secret, from left to right; the state is then that after the line."""
        if self._counted:
            self._counted -= 1
            return [("private-key", *_stripped(line, 0))] if line.strip() else []
        spans: list[tuple[int, int]] = []
        begin, end = _BEGIN.search(line), _last(_END, line)
        if begin:
            self._enter(begin.start())
            spans = _after_marker(line, begin.end())
        elif headless := list(_HEADLESS.finditer(line)):
            self._enter(headless[0].start())
            self._body_above = True
            spans = [match.span() for match in headless]
        elif self._column >= 0 and not end:
            return self._body(line)
        if counted := _PUTTY.search(line):
            self._counted = int(counted[1])
        if mac := _PUTTY_MAC.search(line):
            spans.append(mac.span(1))
        if end:
            self._column = -1
            if not begin:
                spans += _before_marker(line, end.start())
        return [("private-key", *span) for span in _apart(spans)]

    def _enter(self, column: int) -> None:
        self._column, self._misses, self._body_above = column, 0, False

    def _body(self, line: str) -> list[Secret]:
        span = body_span(line, self._column)
        if span and (span[1] - span[0] >= _FULL or self._body_above):
            full = span[1] - span[0] >= _FULL and not line.startswith(_LAST, span[0])
            self._misses, self._body_above = 0, full
            return [("private-key" if full else "private-key-end", *span)]
        self._body_above = False
        if not _HEADER.match(line, min(self._column, len(line))):
            self._misses += 1
            if self._misses > _PATIENCE:
                self._column = -1
        return []


def body_span(line: str, column: int) -> tuple[int, int] | None:
    """The columns of key material in a line of a block whose marker stands in `column`, or None."""
    # The short last line of a body has no marker in it: what stands behind one, in whichever column, is another text.
    least = _FULL if MARKER.search(line) else 1
    for begin in (0, column):  # of the line: it may be indented less than its marker, as after `key = `
        start, end = _stripped(line, begin)
        if end - start >= least and _BODY.fullmatch(line, start, end):
            return start, end
    tail = _TAIL.search(line[-200:])
    return (len(line) - len(line[-200:]) + tail.start(), len(line.rstrip())) if tail else None


def ends_block(line: str) -> int:
    """The column of a private key's end marker with no begin marker before it in the line, or -1."""
    end = _END.search(line)
    return -1 if end is None or _BEGIN.search(line, 0, end.start()) else end.start()


def may_be_body(line: str) -> bool:
    """Whether this line, seen alone, could be inside a block whose end marker is still to come."""
    return _TAIL.search(line[-200:]) is not None or _BASE64.fullmatch(line.strip()[:200]) is not None


def _stripped(line: str, column: int) -> tuple[int, int]:
    tail = line[column:]
    start = column + len(tail) - len(tail.lstrip())
    return start, max(start, len(line.rstrip()))


def _after_marker(line: str, start: int) -> list[tuple[int, int]]:
    r"""The rest of a key on one line (JSON, an environment variable), with `\n` or blanks for newlines."""
    end = start
    while end < len(line) and (line[end] in _ONE_LINE or line[end] in ":,-.") and not _END.match(line, end):
        end += 1
    return [(start, end)] if len(line[start:end].strip("\\nrt -")) >= 4 else []


def _before_marker(line: str, end: int) -> list[tuple[int, int]]:
    start = end
    while start > 0 and line[start - 1] in _ONE_LINE:
        start -= 1
    return [(start, end)] if len(line[start:end].strip("\\nrt ")) >= _FULL else []


def _last(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(line):
        found = match
    return found


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and without those that begin inside another."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart
